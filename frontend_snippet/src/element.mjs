/* The element: a form's submit becomes a start, a start becomes a quote on view.
 *
 * 1. The page's form is only listened to, in the capture phase: its own submit goes on whatever happens
 *    here, so the lead is never lost.
 * 2. Equal answers are one submission with one key, however often they are sent; a new try after a
 *    failed or cancelled run is a new one.
 * 3. The answers stay in memory: never in storage, in an address or on the console.
 * 4. Closed means silent: no connection and no timer is left, and nothing more is asked.
 */
import { Feed, seams } from "./feed.mjs";
import { fold } from "./fold.mjs";
import { readForm } from "./form.mjs";
import { STYLE } from "./style.mjs";
import { coverages, field, h, icon, length, outlook, plan, row, scene, trail } from "./view.mjs";

// Where the service does not say how long to wait.
const PAUSE_S = 15;
const WAITING = {
  offline: {
    title: "Sem conexão com o serviço de cotação",
    text: "Confira sua internet e tente de novo. O que você preencheu continua aqui.",
  },
  full: { title: "Muita gente cotando agora", text: "O que você preencheu continua aqui. Tente de novo em alguns instantes." },
  refused: { title: "Não foi possível começar a cotação", text: "Tente de novo em alguns instantes." },
  gone: { title: "Esta cotação não está mais disponível", text: "Você pode começar outra agora mesmo." },
};

export class AndamentoModal extends (globalThis.HTMLElement ?? Object) {
  static fold = fold;
  static seams = seams;

  #root = this.attachShadow({ mode: "open" });
  #dialog = null;
  #part = {};
  // What panel and foot were built for.
  #pose = null;
  #answers = null;
  #key = null;
  #session = null;
  #feed = null;
  // The terminal status, or "gone".
  #outcome = null;
  #visits = new Map();
  #told = {};
  #turn = 0;
  #timers = {};
  #spokenAt = -Infinity;
  // Until when a full service is tried again by itself; 0: it has not been full yet.
  #patience = 0;
  #offline = false;
  #onSubmit = (event) => this.#submit(event);
  #onOnline = () => this.#offline && this.#dialog.open && this.#resume();

  connectedCallback() {
    if (!this.#dialog) this.#build();
    document.addEventListener("submit", this.#onSubmit, true);
    window.addEventListener("online", this.#onOnline);
  }

  disconnectedCallback() {
    document.removeEventListener("submit", this.#onSubmit, true);
    window.removeEventListener("online", this.#onOnline);
    this.#stop();
  }

  /** Shows the dialog, and follows the quote again if it is still running. */
  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
    if (this.#session && !this.#outcome) this.#feed.follow();
  }

  /** Stops following and hides the dialog; the quote itself goes on. */
  close() {
    this.#dialog.close();
  }

  // ── starting ──

  #submit({ target }) {
    if (!(target instanceof HTMLFormElement) || !target.matches(this.dataset.form)) return;
    const answers = readForm(target);
    const known = same(answers, this.#answers);
    if (known && this.#dialog.open) return;
    if (known && this.#session && [null, "completed"].includes(this.#outcome)) this.open();
    else this.#start(answers);
  }

  async #start(answers, byItself) {
    if (!this.#key || this.#outcome || !same(answers, this.#answers)) this.#key = newKey();
    this.#stop();
    this.#forget();
    this.#answers = answers;
    const turn = this.#turn;
    if (!byItself) {
      this.#patience = 0;
      this.#show("start", { kind: "run", title: "Preparando sua cotação", text: "Enviando seus dados…" });
      this.open();
    }
    const response = await this.#send("/api/rpa/start", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": this.#key },
      body: JSON.stringify(answers),
    });
    if (turn === this.#turn) this.#started(response);
  }

  #started(response) {
    if (!response) return this.#apologise("offline");
    const { ok, status, wait, body } = response;
    if (ok && body.session_id) this.#follow(body);
    else if (status === 422 && body.campos) this.#correct(body.campos, "Confira estes dados");
    else if (status === 429 || status === 503) this.#wait(wait);
    else this.#apologise("refused", body.error);
  }

  /** A request to the service: {ok, status, wait, body}, or null where there was no answer. */
  async #send(path, request) {
    try {
      const signal = AbortSignal.timeout?.(seams.times.start);
      // The modal speaks Portuguese, whatever the browser does.
      const headers = { ...request.headers, "accept-language": "pt-BR" };
      const response = await seams.fetch(new URL(path, this.dataset.api), { ...request, headers, signal });
      const wait = Number(response.headers.get("retry-after")) || PAUSE_S;
      const body = await response.json().catch(() => ({}));
      return { ok: response.ok, status: response.status, wait, body };
    } catch {
      return null;
    }
  }

  #apologise(cause, text = WAITING[cause].text) {
    this.#offline = cause === "offline";
    const actions = [this.#again("Tentar de novo"), this.#call()];
    this.#show(cause, { kind: "wait", badge: "alerta", title: WAITING[cause].title, text, actions });
  }

  #wait(seconds) {
    const until = performance.now() + seconds * 1000;
    this.#patience ||= performance.now() + seams.times.door;
    if (until > this.#patience) return this.#apologise("full");
    const actions = [this.#again("Tentar agora"), this.#call()];
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) return this.#start(this.#answers, true);
      const text = `Há fila na entrada. O que você preencheu continua aqui. Tentamos de novo em ${length(left)}.`;
      this.#show("busy", { kind: "wait", badge: "pessoa", title: WAITING.full.title, text, actions });
      this.#timers.wait = setTimeout(tick, 1000);
    };
    tick();
  }

  #correct(problems, title) {
    const fields = Object.entries(problems).map(([name, words]) => field(name, words, this.#answers[name]));
    const submit = (event) => {
      event.preventDefault();
      const given = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
      this.#start({ ...this.#answers, ...Object.fromEntries(given) });
    };
    // The unseen button lets Enter send the form.
    const enter = h("button", { class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    const form = h("form", { class: "fields", novalidate: true, submit }, fields, enter);
    const actions = [button("Continuar", () => form.requestSubmit(), "main"), this.#call()];
    const text = "Depois de corrigir, sua cotação começa em seguida.";
    this.#show(Symbol("fields"), { kind: "fields", title, text, panel: [form], actions });
    form.querySelector("input, select")?.focus();
  }

  // ── following ──

  #follow(session) {
    this.#session = session;
    this.#feed = new Feed(session, {
      snapshot: (snapshot) => this.#receive(snapshot),
      link: (up) => this.#link(up),
      gone: () => {
        this.#outcome = "gone";
        this.#apologise("gone");
      },
    });
    if (session.snapshot?.progress) this.#receive(session.snapshot);
    if (!this.#outcome) this.#feed.follow();
  }

  #resume() {
    if (!this.#session) this.#start(this.#answers);
    else if (!this.#outcome) this.#feed.follow();
  }

  #receive({ progress, terminal }) {
    this.#outcome = terminal ? progress.status : null;
    this.#link(true);
    const { dados: estimate } = progress.estimativas;
    const { dados: result } = progress.resultados_finais;
    this.#paint(progress, estimate);
    const shown = scene(progress);
    this.#show(shown.kind, { ...shown, panel: plans(result ?? {}), actions: this.#actions(shown) });
    this.#tell("progress", progress);
    if (estimate) this.#tell("estimate", estimate);
    if (result) this.#tell("result", result);
    else if (terminal) this.#tell("failure", progress.erros.at(-1));
  }

  async #cancel(pressed) {
    pressed.disabled = true;
    pressed.textContent = "Cancelando…";
    const { session_id: id, token } = this.#session;
    const headers = { authorization: `Bearer ${token}` };
    const response = await this.#send(`/api/rpa/sessions/${id}`, { method: "DELETE", headers });
    // Accepted, or finished a moment before: either way the ending is on its way.
    if (response?.ok || response?.status === 409) return;
    pressed.disabled = false;
    pressed.textContent = "Não deu certo. Cancelar de novo";
  }

  #stop() {
    this.#turn += 1;
    this.#feed?.stop();
    this.#offline = false;
    this.#part.link.hidden = true;
    Object.values(this.#timers).forEach((timer) => clearTimeout(timer));
  }

  #forget() {
    [this.#session, this.#feed, this.#outcome, this.#told] = [null, null, null, {}];
    this.#visits.clear();
    this.#part.covers.replaceChildren(...Array.from({ length: 3 }, () => h("li", { class: "ghost" })));
    this.#paint(fold.render(fold.empty()).progress, null);
  }

  // ── showing ──

  #build() {
    const part = (name, tag, attributes, ...kids) =>
      (this.#part[name] = h(tag, { class: name, ...attributes }, ...kids));
    const close = h("button", { class: "x", type: "button", "aria-label": "Fechar", click: () => this.close() });
    close.append(icon("nao"));
    const gauge = { role: "progressbar", "aria-label": "Andamento", "aria-valuemin": "0", "aria-valuemax": "100" };
    this.#dialog = h("dialog", { "aria-labelledby": "titulo", close: () => this.#closed() },
      h("header", {}, h("span", {}, "Sua cotação"), close),
      part("body", "div", {},
        h("div", { class: "head" },
          part("badge", "div"), part("step", "p"),
          part("title", "h2", { id: "titulo", tabindex: "-1", autofocus: true }),
          part("text", "p"), part("hint", "p"),
          part("gauge", "div", {},
            part("bar", "div", gauge, part("fill", "i")),
            h("p", { class: "figures" }, part("percent", "span"), part("outlook", "span"))),
          part("link", "p", { hidden: true })),
        part("panel", "div"),
        part("story", "div", {},
          part("estimate", "section", {},
            h("h3", {}, "Estimativa inicial"), part("covers", "ul"), part("note", "p")),
          part("assumed", "details", {},
            h("summary", {}, "O que consideramos na sua cotação"),
            h("p", { class: "soft" },
              "O formulário não perguntou isto, então usamos o mais comum. O corretor pode ajustar."),
            part("given", "dl")),
          part("steps", "section", {}, h("h3", {}, "Etapas"), part("trail", "ol")))),
      part("foot", "footer"),
      part("live", "p", { class: "unseen", "aria-live": "polite" }));
    this.#dress();
    this.#root.append(this.#dialog);
  }

  // A sheet of its own is beyond the site's style policy; Safari before 16.4 has none.
  #dress() {
    if (!("adoptedStyleSheets" in document)) return void this.#root.append(h("style", {}, STYLE));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
  }

  /** The head at once; panel and foot only for a new pose: a focused button must not vanish. */
  #show(pose, { kind, badge, step, title, text, hint, panel = [], actions = [] }) {
    const part = this.#part;
    if (part.title.textContent !== title) this.#speak(title, kind === "run");
    for (const [name, words] of Object.entries({ step, title, text, hint })) {
      part[name].textContent = words ?? "";
      part[name].hidden = !words;
    }
    if (pose === this.#pose) return;
    this.#pose = pose;
    this.#dialog.dataset.kind = kind;
    part.badge.hidden = !badge;
    part.badge.replaceChildren(badge ? icon(badge) : "");
    part.gauge.hidden = kind !== "run";
    part.story.hidden = ["wait", "fields"].includes(kind);
    part.panel.replaceChildren(...panel);
    part.foot.replaceChildren(...actions.filter(Boolean));
    part.foot.hidden = !actions.length;
    part.body.scrollTop = 0;
    if (this.#dialog.open && !this.#root.activeElement) part.title.focus();
  }

  #paint(progress, estimate) {
    const { percent, outlook: line, bar, fill, covers, note, estimate: section, steps, trail: list } = this.#part;
    const { assumed, given } = this.#part;
    const { assumidas: rows = [] } = progress;
    const share = Math.round(progress.percentual);
    const queued = progress.status === "queued";
    percent.textContent = queued ? "\u00a0" : `${share}%`;
    line.textContent = outlook(progress);
    fill.style.width = `${share}%`;
    // Without a value it says "wait" to screen readers, and sways.
    bar[queued ? "removeAttribute" : "setAttribute"]("aria-valuenow", share);
    // The snapshot keeps ten screens, the page all that it has seen.
    for (const visit of progress.timeline) this.#visits.set(`${visit.etapa} ${visit.inicio ?? visit.fim}`, visit);
    list.replaceChildren(...trail([...this.#visits.values()], !queued && !this.#outcome));
    steps.hidden = !this.#visits.size;
    assumed.hidden = !rows.length;
    // Told once: what is open and being read is left alone.
    if (given.childElementCount !== rows.length)
      given.replaceChildren(...rows.map(({ titulo, valor }) => row(titulo, valor)));
    section.hidden = !estimate && this.#outcome !== null;
    note.textContent = estimate
      ? "Valores aproximados. O preço final depende do seu perfil."
      : "A primeira estimativa de preço aparece aqui.";
    if (estimate && !same(estimate, this.#told.estimate)) covers.replaceChildren(...coverages(estimate));
  }

  #actions({ kind, text, doubted, futile }) {
    if (kind === "run") return [button("Cancelar cotação", ({ target }) => this.#cancel(target))];
    if (doubted) {
      const problems = Object.fromEntries(doubted.map((name) => [name, doubted.length > 1 ? "" : text]));
      return [button("Corrigir meus dados", () => this.#correct(problems, "Confira seus dados"), "main"), this.#call()];
    }
    const ended = kind === "failed" || kind === "cancelled";
    if (ended && !futile) return [this.#again("Cotar de novo"), this.#call()];
    return [button("Fechar", () => this.close(), "main"), this.#call()];
  }

  #again(words) {
    return button(words, () => this.#start(this.#answers), "main");
  }

  #call() {
    const { telefone } = this.dataset;
    return telefone && h("a", { class: "call", href: `tel:${telefone.replace(/[^+\d]/g, "")}` }, `Ligar ${telefone}`);
  }

  #link(up) {
    if (this.#offline === !up) return;
    this.#offline = !up;
    clearTimeout(this.#timers.link);
    const { link } = this.#part;
    const say = (text) => {
      link.textContent = text;
      link.hidden = !text;
      link.classList.toggle("up", up);
      if (text) this.#speak(text, true);
    };
    if (up && link.hidden) return;
    if (up) say("Conexão de volta.");
    const next = up ? "" : "Conexão perdida. Sua cotação continua; estamos reconectando.";
    this.#timers.link = setTimeout(say, seams.times.lost, next);
  }

  /** To the screen reader: polite and, while running, far apart; of what waits, the newest. */
  #speak(text, patient) {
    clearTimeout(this.#timers.speak);
    const wait = patient ? Math.max(0, this.#spokenAt + seams.times.speak - performance.now()) : 0;
    this.#timers.speak = setTimeout(() => {
      this.#spokenAt = performance.now();
      this.#part.live.textContent = text;
    }, wait);
  }

  /** Tells the page, once for each new detail. */
  #tell(name, detail) {
    if (same(detail, this.#told[name])) return;
    this.#told[name] = detail;
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #closed() {
    this.#stop();
    this.dispatchEvent(new CustomEvent("close", { bubbles: true }));
  }
}

function plans({ plano_recomendado: first, plano_alternativo: second }) {
  const both = [first && plan(first, true), second && plan(second, false)];
  return first ? [h("div", { class: "plans" }, both)] : [];
}

function button(text, click, look = "quiet") {
  return h("button", { type: "button", class: look, click }, text);
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

// crypto.randomUUID exists on https and localhost only; a site may still be on http.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
