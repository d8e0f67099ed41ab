/* The stage: the dialog and the pill, and what stands on them.
 *
 * 1. Three shapes: "open" (a modal dialog, which hides nothing of a running quote), "pill" (Esc and the
 *    header's button lead there), "away".
 * 2. The head changes at once; panel and foot only with a new pose: a focused button must not vanish.
 * 3. One live region, polite and far apart; it moves with the shape, for what is behind a modal dialog
 *    is not read out.
 */
import { seams } from "./feed.mjs";
import { STYLE } from "./style.mjs";
import { coverages, h, icon, outlook, row, trail, way } from "./view.mjs";
import { language, say } from "./words.mjs";

export class Stage {
  #root;
  #dialog;
  #tray;
  #part = {};
  #tell;
  #pose = null;
  #visits = new Map();
  #estimate = null;
  #up = true;
  #spokenAt = -Infinity;
  // What waits to be read out: a piece of news, and the phase.
  #due = [];
  #timers = {};

  /** "open", "pill" or "away". */
  shape = "away";

  /** `told`: {shaped(shape), close()}: the visitor changed the shape, or wants an end of it. */
  constructor(host, told) {
    this.#tell = told;
    this.#root = host.attachShadow({ mode: "open" });
    this.#build();
    this.#dress();
    this.#root.append(this.#dialog, this.#tray);
  }

  /** Takes a shape; the page's focus is given back by the dialog itself. */
  lay(shape) {
    const { live, pill } = this.#part;
    this.shape = shape;
    this.#tray.hidden = shape !== "pill";
    (shape === "open" ? this.#dialog : this.#tray).append(live);
    if (shape !== "open") this.#dialog.close();
    else if (!this.#dialog.open) this.#dialog.showModal();
    if (shape === "pill" && document.activeElement === document.body) pill.focus({ preventScroll: true });
    this.#tell.shaped(shape);
  }

  /** Empties what belongs to one quote. */
  clear() {
    this.#visits.clear();
    this.#estimate = null;
    this.#part.covers.replaceChildren(...Array.from({ length: 3 }, () => h("li", { class: "ghost" })));
  }

  /** No timer is left, and nothing is said any more. */
  hush() {
    Object.values(this.#timers).forEach((timer) => clearTimeout(timer));
    this.#part.link.hidden = this.#up = true;
  }

  show(pose, { kind, badge, step, title, text, hint, panel = [], actions = [] }) {
    const part = this.#part;
    if (part.title.textContent !== title) this.#speak(title, kind === "run");
    for (const [name, words] of Object.entries({ step, title, text, hint })) {
      part[name].textContent = words || "";
      // While it runs the step keeps its place: nothing shall move for it.
      part[name].hidden = !words && (name !== "step" || kind !== "run");
    }
    part.what.textContent = kind === "run" ? `${say("quote")} ${part.percent.textContent}` : title;
    if (pose === this.#pose) return;
    this.#pose = pose;
    this.#dialog.dataset.kind = this.#tray.dataset.kind = kind;
    part.badge.hidden = !badge;
    part.badge.replaceChildren(badge ? icon(badge) : "");
    part.gauge.hidden = part.dial.hidden = kind !== "run";
    part.story.hidden = ["wait", "fields"].includes(kind);
    part.panel.replaceChildren(...panel);
    this.act(actions);
    part.body.scrollTop = 0;
    if (this.#dialog.open && !this.#root.activeElement) part.title.focus();
  }

  /** What can be done now, the likeliest first; that one stands last, and takes the focus if told so. */
  act(actions, focus) {
    const { foot } = this.#part;
    foot.replaceChildren(...actions.filter(Boolean).reverse());
    foot.hidden = !foot.childElementCount;
    if (focus) foot.lastChild.focus();
  }

  paint(progress, ended) {
    const part = this.#part;
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
    for (const visit of timeline) this.#visits.set(visit.etapa + (visit.inicio ?? visit.fim), visit);
    part.trail.replaceChildren(...trail([...this.#visits.values()], !queued && !ended));
    part.steps.hidden = !this.#visits.size;
    part.assumed.hidden = !assumidas.length;
    // Told once: what is open and being read is left alone.
    if (part.given.childElementCount !== assumidas.length)
      part.given.replaceChildren(...assumidas.map(({ titulo, valor }) => row(false, titulo, valor)));
    part.estimate.hidden = !estimate && ended;
    part.note.textContent = say(estimate ? "rough" : "coming");
    if (!estimate || JSON.stringify(estimate) === this.#estimate) return;
    if (!this.#estimate) this.#speak(say("arrived"), true, 0);
    this.#estimate = JSON.stringify(estimate);
    part.covers.replaceChildren(...coverages(estimate));
  }

  /** Whether the service is heard; a short break is not worth a word. */
  link(up) {
    if (this.#up === up) return;
    this.#up = up;
    clearTimeout(this.#timers.link);
    const { link } = this.#part;
    const write = (text) => {
      link.textContent = text;
      link.hidden = !text;
      link.classList.toggle("up", up);
      if (text) this.#speak(text, true);
    };
    if (up && link.hidden) return;
    if (up) write(say("back"));
    this.#timers.link = setTimeout(write, seams.times.lost, up ? "" : say("lost"));
  }

  /** The modal alone on paper: the page steps aside meanwhile. */
  print() {
    const { style } = document.body;
    const before = style.cssText;
    style.cssText += ";visibility:hidden;height:0;overflow:hidden";
    // On phones `print` returns at once.
    addEventListener("afterprint", () => (style.cssText = before), { once: true });
    print();
  }

  #build() {
    const part = (name, tag, attributes, ...kids) =>
      (this.#part[name] = h(tag, { class: name, ...attributes }, ...kids));
    const round = (sign, name, click) =>
      h("button", { class: "x", type: "button", "aria-label": say(name), click }, icon(sign));
    const gauge = { role: "progressbar", "aria-label": say("progress"), "aria-valuemin": "0", "aria-valuemax": "100" };
    const fold = () => this.shape === "open" && this.lay("pill");
    this.#dialog = h("dialog", { "aria-labelledby": "titulo", lang: language(), close: fold },
      h("div", { class: "top" }, h("span", {}, say("quote")), round("menos", "minimize", fold)),
      part("body", "div", {},
        h("div", { class: "head" },
          part("badge", "div"), part("step", "p"),
          part("title", "h2", { id: "titulo", tabindex: "-1", autofocus: true }),
          part("text", "p"), part("hint", "p"),
          part("gauge", "div", {},
            part("bar", "div", gauge),
            h("p", { class: "figures" }, part("percent", "span"), part("outlook", "span"))),
          part("link", "p", { hidden: true })),
        part("panel", "div"),
        part("story", "div", {},
          part("estimate", "section", {},
            h("h3", {}, say("estimate")), part("covers", "ul"), part("note", "p")),
          part("assumed", "details", {},
            h("summary", {}, say("assumed")), h("p", { class: "soft" }, say("usual")), part("given", "dl")),
          part("steps", "section", {}, h("h3", {}, say("steps")), part("trail", "ol")))),
      part("foot", "div"));
    this.#tray = h("div", { class: "tray", lang: language(), hidden: true },
      part("pill", "button", { type: "button", click: () => this.lay("open") },
        part("dial", "i"), part("what", "span")),
      round("nao", "close", () => this.#tell.close()),
      part("live", "p", { class: "unseen", "aria-live": "polite" }));
  }

  // A sheet of its own is beyond the site's style policy; Safari before 16.4 has none.
  #dress() {
    if (!("adoptedStyleSheets" in document)) return void this.#root.append(h("style", {}, STYLE));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
  }

  /** To the screen reader: polite and, while running, far apart; of each kind the newest. */
  #speak(text, patient, kind = 1) {
    clearTimeout(this.#timers.speak);
    if (!patient) this.#due = [];
    this.#due[kind] = text;
    const wait = patient ? Math.max(0, this.#spokenAt + seams.times.speak - performance.now()) : 0;
    this.#timers.speak = setTimeout(() => {
      this.#spokenAt = performance.now();
      this.#part.live.textContent = this.#due.filter(Boolean).join(" ");
      this.#due = [];
    }, wait);
  }
}
