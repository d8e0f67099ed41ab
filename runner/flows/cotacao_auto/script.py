"""What is read inside the page: a handful of JavaScript functions, each one round trip.

1. They only look, never touch: real input events come from Playwright alone.
2. Waiting is one promise in the page: it looks again when the document changes, when a transition
   ends, and every 50 ms for what announces itself in no other way (a style sheet's change). So the
   flow hears of a new screen in the same instant, with one message.
3. Visible means: has a box and is not `visibility: hidden`. What merely exists (the login modal,
   the spinner, the survey) is in the DOM from the start.
4. Nothing is left behind in the page: no global, no attribute, and the promise ends by itself.
5. Texts are found by whole words whatever elements they are split over, no-break spaces included.
"""

from __future__ import annotations

_PRELUDE = r"""
  const clean = (text) => (text || "").replace(/[\s\u00a0\u202f]+/g, " ").trim();
  const shown = (el) => {
    const box = el.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(el).visibility === "visible";
  };
  const first = (css, root = document) => [...root.querySelectorAll(css)].find(shown) || null;
  // The text nodes with a space between them: "R$" and "1.200" in two spans stay two words.
  const pieces = (root, skip = () => false) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const text = clean(walker.currentNode.data);
      if (text && !skip(walker.currentNode)) found.push(text);
    }
    return found;
  };
  const words = (root) => pieces(root).join(" ");
  // As a person reads it: words split over inline elements stay whole.
  const read = (el) => clean(el.innerText) || words(el);
  // The innermost visible elements that hold the text.
  const holding = (text) => {
    const has = (axis) => `contains(normalize-space(translate(${axis}, "\u00a0", " ")), "${text}")`;
    const path = `//body//*[not(self::script or self::style)][${has(".")}][not(*[${has(".")}])]`;
    const kind = XPathResult.ORDERED_NODE_SNAPSHOT_TYPE;
    const nodes = document.evaluate(path, document, null, kind, null);
    return Array.from({ length: nodes.snapshotLength }, (_, k) => nodes.snapshotItem(k))
      .filter(shown);
  };
  const watch = (look, ms) => new Promise((resolve) => {
    let queued = false;
    const turn = () => {
      queued = false;
      const seen = look(performance.now());
      if (seen !== null) finish(seen);
    };
    const nudge = () => {
      if (!queued) { queued = true; setTimeout(turn, 0); }
    };
    const observer = new MutationObserver(nudge);
    const signals = ["transitionend", "animationend", "input", "change"];
    const timers = [];
    const finish = (seen) => {
      observer.disconnect();
      signals.forEach((name) => document.removeEventListener(name, nudge, true));
      timers.forEach(clearInterval);
      look = () => null;
      resolve(seen);
    };
    timers.push(setInterval(nudge, 50), setTimeout(() => finish(null), ms));
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document, all);
    signals.forEach((name) => document.addEventListener(name, nudge, true));
    turn();
  });
"""

# {candidates: [{name, how, what, hold, clear}], known: [text], ms} → {name, note} or null at `ms`.
#   how: "shown" (a selector is visible), "gone" (none is), "text" (a visible element holds it),
#        "invalid" (a visible input is marked invalid; note = its id),
#        "fresh" (a paragraph that is not among `known` in the form of the element `what`),
#        "strange" (a visible form of which `what` is no part: a screen that nobody expected).
#   hold: how long it must be so; clear: only while no full-screen spinner is visible.
RACE = (
    "(spec) => {"
    + _PRELUDE
    + r"""
  const covers = (el) => {
    const box = el.getBoundingClientRect();
    return box.width >= innerWidth * 0.9 && box.height >= innerHeight * 0.9;
  };
  const overlay = (el) => {
    for (let up = el; up && up !== document.body; up = up.parentElement) {
      const placed = ["fixed", "absolute"].includes(getComputedStyle(up).position);
      if (covers(up) && (placed || up === el)) return true;
    }
    return false;
  };
  const spinning = () =>
    [...document.querySelectorAll("[role=progressbar]")].some((el) => shown(el) && overlay(el));
  const known = new Set(spec.known);
  const fresh = (css) => {
    const form = first(css)?.closest("form");
    if (!form) return null;
    return [...form.querySelectorAll("p")].find((el) =>
      shown(el) && clean(el.textContent) && !known.has(clean(el.textContent)));
  };
  const probes = {
    shown: (what) => what.map((css) => first(css)).find(Boolean),
    gone: (what) => (what.some((css) => first(css)) ? null : {}),
    text: (what) => what.map((text) => holding(text)[0]).find(Boolean),
    invalid: () => first("[aria-invalid=true]"),
    fresh: (what) => what.map(fresh).find(Boolean),
    strange: (what) => (what.some((css) => first(css)) ? null : first("form button[type=submit]")),
  };
  const since = new Map();
  const look = (now) => {
    const busy = spinning();
    for (const item of spec.candidates) {
      const hit = item.clear && busy ? null : probes[item.how](item.what);
      // By the item, not its name: two ways of seeing the same thing have their own clocks.
      if (!hit) { since.delete(item); continue; }
      if (!since.has(item)) since.set(item, now);
      if (now - since.get(item) >= item.hold) return { name: item.name, note: hit.id || "" };
    }
    return null;
  };
  return watch(look, spec.ms);
}"""
)

# {expect: [{name, how, what, value}], leave, ms} → {wrong: [name], known: [text of a visible
# paragraph], ready: whether the selector `leave` is visible}; waits until nothing is wrong.
#   how: "checked" (the input's state), "digits", "plate" and "exact" (an input's value),
#        "reads" (an element's own text), "holds" (an input's value contains it),
#        "chosen" (of these labels the one with this text has a checked input).
SETTLE = (
    "async (spec) => {"
    + _PRELUDE
    + r"""
  const own = (el) => clean("value" in el && el.tagName === "INPUT" ? el.value : el.innerText);
  const forms = {
    checked: (el, value) => el.checked === value,
    digits: (el, value) => el.value.replace(/\D/g, "") === value,
    plate: (el, value) => el.value.replace(/[^a-z0-9]/gi, "").toUpperCase() === value,
    exact: (el, value) => clean(el.value) === value,
    reads: (el, value) => own(el) === value,
    holds: (el, value) => el.value.includes(value),
  };
  const holds = (item) => {
    const all = [...document.querySelectorAll(item.what)];
    if (item.how === "chosen") {
      const label = all.find((el) => shown(el) && clean(el.textContent) === item.value);
      return Boolean(label?.querySelector("input")?.checked);
    }
    const el = all.find(shown) || all[0];
    return Boolean(el) && forms[item.how](el, item.value);
  };
  const wrong = () => spec.expect.filter((item) => !holds(item)).map((item) => item.name);
  await watch(() => (wrong().length ? null : true), spec.ms);
  const known = [...document.querySelectorAll("form p")].filter(shown);
  return {
    wrong: wrong(),
    known: known.map((el) => clean(el.textContent)),
    ready: !spec.leave || Boolean(first(spec.leave)),
  };
}"""
)

# [selector] → [true | false | null]: the state of each box, null where there is none.
STATES = r"""(selectors) => selectors.map((css) => {
  const box = document.querySelector(css);
  return box ? box.checked : null;
})"""

# {ms} → the visible sentence that names a vehicle and its plate, or null.
VEHICLE = (
    "(spec) => {"
    + _PRELUDE
    + r"""
  const plate = /\b[A-Z]{3}-?\d[A-Z\d]\d{2}\b/i;
  const sentence = (el) => {
    for (let up = el; up && up !== document.body; up = up.parentElement) {
      if (plate.test(words(up))) return words(up);
    }
    return null;
  };
  return watch(() => holding("placa").map(sentence).find(Boolean) || null, spec.ms);
}"""
)

# {cards, ms} → [{nome, texto, beneficios: [[nome, ok]]}] of the slides that are complete; waits
# until there are `cards` of them.
CARDS = (
    "async (spec) => {"
    + _PRELUDE
    + r"""
  const card = (slide) => ({
    nome: clean(slide.querySelector("b")?.textContent),
    texto: words(slide),
    beneficios: [...slide.querySelectorAll("img + p")]
      .map((p) => [clean(p.textContent), p.previousElementSibling.getAttribute("src") || ""])
      .filter(([name, src]) => name && /icone-n?ok/.test(src))
      .map(([name, src]) => [name, !/icone-nok/.test(src)]),
  });
  const full = (one) =>
    one.nome && one.beneficios.length && (one.texto.match(/R\$\s*\d/g) || []).length >= 2;
  const slides = () =>
    [...document.querySelectorAll("[role=group][aria-roledescription=slide]")]
      .map(card).filter(full);
  await watch(() => (slides().length >= spec.cards ? true : null), spec.ms);
  return slides();
}"""
)

# {labels, covers, seen, ms} → {state: "covered"}: something of `covers` is visible;
# {state: "grid", labels, cards: [{cabeca: [text], pagamento, celulas: [{texto, icone}]}]} as soon
# as it differs from `seen` (the last one, or null); null at `ms`.
GRID = (
    "(spec) => {"
    + _PRELUDE
    + r"""
  const money = /R\$|\d,\d{2}/;
  const instalments = (text) =>
    /\d\s*x\b/i.test(text) && /juros|boleto|cr[eé]dito|cart[aã]o|d[eé]bito|pix/i.test(text);
  const name = (text) => text.replace(/\s*:$/, "");
  const siblings = (el) => [...el.parentElement.children].filter((one) => one !== el);
  // The labels' rows, from the first known one to the end: cards are matched from the end, so a
  // head of its own, on either side, moves nothing.
  const labels = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Map();
    while (walker.nextNode()) {
      const text = name(clean(walker.currentNode.data));
      const el = walker.currentNode.parentElement;
      if (spec.labels.includes(text) && !found.has(text) && shown(el)) found.set(text, el);
    }
    const all = [...found.values()];
    let el = all[0] || null;
    while (el && !all.every((one) => el !== one && el.contains(one))) el = el.parentElement;
    const rows = el ? [...el.children].filter((row) => words(row)) : [];
    const start = rows.findIndex((row) => all.some((one) => row.contains(one)));
    return { side: el, names: rows.slice(start).map((row) => name(words(row))) };
  };
  const column = (el) => {
    const priced = (one) => money.test(one.textContent);
    while (el && el !== document.body && !siblings(el).some(priced)) el = el.parentElement;
    return el === document.body ? null : el;
  };
  const cells = (card, count) => {
    const queue = [card];
    for (let el = queue.shift(); el; el = queue.shift()) {
      const rows = [...el.children].filter((row) => !row.querySelector("button, a"));
      if (rows.length >= count) return rows.slice(-count);
      queue.push(...el.children);
    }
    return [];
  };
  const icon = (cell) => {
    const src = cell.querySelector("img")?.getAttribute("src") || "";
    return /icone-nok/.test(src) ? "nok" : /icone-ok/.test(src) ? "ok" : "";
  };
  const plan = (card, count) => {
    const rows = cells(card, count);
    const inside = (node) => rows.some((row) => row.contains(node));
    const payment = [...card.querySelectorAll("*")]
      .filter((el) => !inside(el) && !el.contains(rows[0] || null) && instalments(words(el)))
      .at(-1);
    return {
      cabeca: pieces(card, (node) => inside(node) || Boolean(payment?.contains(node))),
      pagamento: payment ? read(payment) : "",
      celulas: rows.map((row) => ({ texto: read(row), icone: icon(row) })),
    };
  };
  const grid = () => {
    const { side, names } = labels();
    const aside = column(side);
    if (!aside) return null;
    const cards = siblings(aside).filter((card) => shown(card) && words(card));
    return { state: "grid", labels: names, cards: cards.map((card) => plan(card, names.length)) };
  };
  const before = JSON.stringify(spec.seen);
  return watch(() => {
    if (spec.covers.some((css) => first(css))) return { state: "covered" };
    const seen = grid();
    return seen && JSON.stringify(seen) !== before ? seen : null;
  }, spec.ms);
}"""
)

# text → seconds of the countdown that follows it, or null.
COUNTDOWN = (
    "(text) => {"
    + _PRELUDE
    + r"""
  for (let el = holding(text)[0]; el; el = el.parentElement) {
    const rest = words(el).split(text)[1] || "";
    const clock = rest.replace(/\s*:\s*/g, ":").match(/(\d{1,2}):(\d{2})\b/);
    if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  }
  return null;
}"""
)

# css → texts of the visible paragraphs in the form of that element.
PARAGRAPHS = (
    "(css) => {"
    + _PRELUDE
    + r"""
  const form = first(css)?.closest("form");
  const all = form ? [...form.querySelectorAll("p")].filter(shown) : [];
  return all.map((el) => clean(el.textContent));
}"""
)

# [selector] → what a person would see there: for the diagnosis of a missing screen.
SITUATION = (
    "(marks) => {"
    + _PRELUDE
    + r"""
  const controls = "form button, form input, [role=radiogroup], [role=combobox]";
  return {
    alert: Boolean(first("[role=alertdialog]")),
    old: marks.some((css) => first(css)),
    controls: [...document.querySelectorAll(controls)].filter(shown).map((el) => el.id)
      .filter(Boolean).slice(0, 12),
  };
}"""
)
