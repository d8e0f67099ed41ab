/* The stage: the dialog and the pill, and what stands on them.
 *
 * 1. Three shapes: "open" (a modal dialog, which hides nothing of a running quote), "pill" (Esc and the
 *    header's button lead there), "away".
 * 2. The head changes at once; panel and foot only with a new pose: a focused button must not vanish.
 * 3. What holds nothing is not shown: the style sees to it.
 * 4. One live region, polite and far apart; it moves with the shape, for what is behind a modal dialog
 *    is not read out.
 */
import { seams } from "./feed.mjs";
import { h, icon, set } from "./node.mjs";
import { STYLE } from "./style.mjs";
import { coverages, outlook, row, trail, unbroken, way } from "./view.mjs";
import { language, say, TEXT } from "./words.mjs";

/** `told`: {shaped(shape), close()}: the visitor changed the shape, or wants an end of it. */
export function stage(host, told) {
  // The nodes by their class, or else their tag.
  const part = {};
  const visits = new Map();
  const timers = {};
  let pose, estimated;
  let up = true;
  let spokenAt = -Infinity;
  // What waits to be read out: a piece of news, and the phase.
  let due = [];

  /** Takes a shape; the page's focus is given back by the dialog itself. */
  const lay = (shape) => {
    const { dialog, tray, pill } = part;
    // Before the first quote, and after the last, there is nothing to see.
    if (shape === "away") pose = "";
    else if (!pose) return;
    self.shape = shape;
    tray.hidden = shape !== "pill";
    // Above everything, and where it belongs even if the page moves its whole body; in old browsers fixed.
    tray.togglePopover?.(!tray.hidden);
    (shape === "open" ? dialog : tray).append(part.unseen);
    if (shape !== "open") dialog.close();
    else if (!dialog.open) dialog.showModal();
    if (shape === "pill" && document.activeElement === document.body) pill.focus({ preventScroll: true });
    told.shaped(shape);
  };
  const fold = () => self.shape === "open" && lay("pill");

  /** What can be done now, the likeliest first; that one stands last, and takes the focus if told so. */
  const act = (actions, focus) => {
    part.foot.replaceChildren(...actions.filter(Boolean).reverse());
    if (focus) part.foot.lastChild.focus();
  };

  const show = ({ kind, posed = kind, badge, step, title, text, hint, panel, actions = [] }) => {
    const running = kind === "run";
    if (part.title.textContent !== title) speak(title, running);
    for (const [name, words] of Object.entries({ step, title, text, hint })) part[name].textContent = words || "";
    part.what.textContent = running ? `${say(TEXT.quote)} ${part.percent.textContent}` : title;
    if (posed === pose) return;
    pose = posed;
    part.dialog.dataset.kind = kind;
    part.badge.replaceChildren(badge ? icon(badge) : "");
    part.gauge.hidden = part.dial.hidden = !running;
    part.story.hidden = kind === "wait" || kind === "fields";
    part.panel.replaceChildren(panel || "");
    act(actions);
    part.body.scrollTop = 0;
    if (part.dialog.open && !root.activeElement) part.title.focus();
  };

  const paint = (progress, ended) => {
    const { assumidas = [], estimativas, status, percentual, timeline } = progress;
    const { dados: estimate } = estimativas;
    const queued = status === "queued";
    const share = `${Math.round(percentual)}%`;
    part.percent.textContent = queued ? "\u00a0" : share;
    part.outlook.textContent = outlook(progress);
    // Without a value it says "wait" to screen readers, and sways.
    part.bar[queued ? "removeAttribute" : "setAttribute"]("aria-valuenow", parseInt(share));
    part.bar.setAttribute("aria-valuetext", queued ? part.outlook.textContent : share);
    way(part.bar, progress);
    part.dial.style.setProperty("--share", share);
    // The snapshot keeps ten screens, the page all that it has seen.
    for (const visit of timeline) visits.set(visit.etapa + (visit.inicio ?? visit.fim), visit);
    part.trail.replaceChildren(...trail([...visits.values()], !queued && !ended));
    part.steps.hidden = !visits.size;
    part.assumed.hidden = !assumidas.length;
    // Told once: what is open and being read is left alone.
    if (part.dl.childElementCount !== assumidas.length)
      part.dl.replaceChildren(...assumidas.map(({ titulo, valor }) => row(false, titulo, unbroken(valor))));
    part.estimate.hidden = !estimate && ended;
    part.note.textContent = say(estimate ? TEXT.rough : TEXT.coming);
    const news = JSON.stringify(estimate);
    if (!estimate || news === estimated) return;
    if (!estimated) speak(say(TEXT.arrived), true, 0);
    estimated = news;
    part.covers.replaceChildren(...coverages(estimate));
  };

  /** Empties what belongs to one quote. */
  const clear = () => {
    visits.clear();
    estimated = "";
    part.covers.replaceChildren(h("li.ghost"), h("li.ghost"), h("li.ghost"));
  };

  /** Whether the service is heard; a short break is not worth a word. */
  const link = (heard) => {
    const { link } = part;
    if (up === heard) return;
    up = heard;
    clearTimeout(timers.link);
    const write = (text) => {
      link.textContent = text;
      link.hidden = !text;
      link.classList.toggle("up", up);
      if (text) speak(text, true);
    };
    if (up && link.hidden) return;
    if (up) write(say(TEXT.back));
    timers.link = setTimeout(write, seams.times.lost, up ? "" : say(TEXT.lost));
  };

  /** No timer is left, and nothing is said any more. */
  const hush = () => {
    Object.values(timers).forEach(clearTimeout);
    part.link.hidden = up = true;
  };

  /** The modal alone on paper: the page steps aside meanwhile. */
  const print = () => {
    const { style } = document.body;
    const before = style.cssText;
    style.cssText += ";visibility:hidden;height:0;overflow:hidden";
    // On phones `print` returns at once.
    addEventListener("afterprint", () => (style.cssText = before), { once: true });
    window.print();
  };

  /** To the screen reader: polite and, while running, far apart; of each kind the newest. */
  const speak = (text, patient, kind = 1) => {
    clearTimeout(timers.speak);
    if (!patient) due = [];
    due[kind] = text;
    const wait = patient ? spokenAt + seams.times.speak - performance.now() : 0;
    timers.speak = setTimeout(() => {
      spokenAt = performance.now();
      part.unseen.textContent = due.filter(Boolean).join(" ");
      due = [];
    }, wait);
  };

  const self = { /** "open", "pill" or "away". */ shape: "away", lay, act, show, paint, clear, link, hush, print };
  const root = host.attachShadow({ mode: "open" });
  root.append(...build(() => lay("open"), fold, told.close));
  for (const node of root.querySelectorAll("*")) part[node.className || node.localName] = node;
  dress(root);
  return self;
}

function build(open, fold, close) {
  const round = (sign, name, onclick) => set(h("button.x", icon(sign)), { type: "button", "aria-label": name, onclick });
  const lang = language();
  const gauge = { role: "progressbar", "aria-label": say(TEXT.quote), "aria-valuemin": "0", "aria-valuemax": "100" };
  return [
    set(
      h("dialog",
        h("div.top", say(TEXT.quote), round("menos", say(TEXT.minimize), fold)),
        h("div.body",
          h("div.head",
            h("div.badge"),
            h("div",
              h("p.step"),
              set(h("h2.title"), { id: "titulo", tabindex: "-1", autofocus: true }),
              h("p.text"))),
          h("p.hint"),
          h("div.gauge",
            set(h("div.bar"), gauge),
            h("p.figures", h("span.percent"), h("span.outlook"))),
          set(h("p.link"), { hidden: true }),
          h("div.panel"),
          h("div.story",
            h("section.estimate", h("h3", say(TEXT.estimate)), h("ul.covers"), h("p.note")),
            h("details.assumed", h("summary", say(TEXT.assumed)), h("p.soft", say(TEXT.usual)), h("dl")),
            h("section.steps", h("h3", say(TEXT.steps)), h("ol.trail")))),
        h("div.foot")),
      { "aria-labelledby": "titulo", lang, onclose: fold }),
    set(
      h("div.tray",
        set(h("button.pill", h("i.dial"), h("span.what")), { type: "button", onclick: open }),
        round("nao", say(TEXT.close), close),
        set(h("span.unseen"), { "aria-live": "polite" })),
      { lang, hidden: true, popover: "manual" }),
  ];
}

// A sheet of its own is beyond the site's style policy; Safari before 16.4 has none.
function dress(root) {
  if (!("adoptedStyleSheets" in document)) return root.append(h("style", STYLE));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
}
