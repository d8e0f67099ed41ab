/* The element: a form's submit becomes a start, a start becomes a quote on view.
 *
 * 1. The page's form is only listened to, in the capture phase: its own submit goes on whatever happens
 *    here, so the lead is never lost.
 * 2. Equal answers are one submission with one key, however often they are sent; a new try after a
 *    failed or cancelled run is a new one.
 * 3. The answers stay in memory: never in storage, in an address or on the console. What is kept for the
 *    next page is the visit: the session's addresses with their token, for as long as the token lasts.
 * 4. Closed means silent: no connection and no timer is left, and nothing more is asked.
 */
import { Feed, seams } from "./feed.mjs";
import { fold } from "./fold.mjs";
import { attend, readForm } from "./form.mjs";
import { Stage } from "./stage.mjs";
import { complain, originOf, problemOf } from "./tag.mjs";
import { field, h, length, plans, scene } from "./view.mjs";
import { language, say, speak } from "./words.mjs";

// Where the service does not say how long to wait.
const PAUSE_S = 15;
// As long as the service's tokens last.
const KEPT_MS = 2 * 3600 * 1000;

export class AndamentoModal extends (globalThis.HTMLElement ?? Object) {
  static fold = fold;
  static seams = seams;
  /** The address of the service where an element names none. */
  static home;

  #stage = null;
  #answers = null;
  #key = null;
  // What is kept: {at, told, session_id, token, events_url, progress_url}.
  #visit = null;
  #feed = null;
  // The terminal status, or "gone".
  #outcome = null;
  #told = {};
  #turn = 0;
  #timer = 0;
  // Until when a full service is tried again by itself; 0: it has not been full yet.
  #patience = 0;
  #offline = false;
  #connected = null;

  connectedCallback() {
    const { dataset } = this;
    dataset.api = originOf((dataset.api ??= AndamentoModal.home)) || dataset.api;
    const problem = problemOf(dataset);
    // On a page without the form a quote that has begun elsewhere is shown all the same.
    if (problem && !recall("localStorage", this.#name)) return complain(problem);
    if (problem) delete dataset.form;
    speak(dataset.idioma ?? document.documentElement.lang);
    this.#stage ??= new Stage(this, {
      shaped: (shape) => remember("sessionStorage", this.#name, shape === "open" ? 1 : null),
      close: () => this.close(),
    });
    const { signal } = (this.#connected = new AbortController());
    document.addEventListener("submit", (event) => this.#submit(event), { capture: true, signal });
    addEventListener("online", () => this.#offline && this.#resume(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#feed?.check(), { signal });
    // Another tab of this site has begun a quote, or put an end to it.
    addEventListener("storage", ({ key }) => key === this.#name && this.#adopt(), { signal });
    if (dataset.form) signal.addEventListener("abort", attend(this.#form, say));
    if (this.#visit) this.#resume();
    else this.#adopt();
  }

  disconnectedCallback() {
    this.#connected?.abort();
    this.#stop();
  }

  /** Starts a quote with these answers and shows it. */
  start(answers) {
    if (!this.#stage) return;
    if (same(answers, this.#answers) && this.#visit && [null, "completed"].includes(this.#outcome)) this.open();
    else this.#start(answers);
  }

  /** Shows the dialog. */
  open() {
    this.#stage?.lay("open");
  }

  /** Leaves the pill in the dialog's place; the quote is followed on. */
  minimize() {
    this.#stage?.lay("pill");
  }

  /** Stops following for good and forgets the visit; the quote itself goes on. */
  close() {
    if (!this.#stage) return;
    this.#put(null);
    this.#away();
    this.#tell("close");
  }

  /** Asks the service to end the quote; whether it took the wish. */
  async cancel() {
    const { session_id: id, token } = this.#visit ?? {};
    if (!id || this.#outcome) return false;
    const headers = { authorization: `Bearer ${token}` };
    const response = await this.#send(`/api/rpa/sessions/${id}`, { method: "DELETE", headers });
    // Accepted, or finished a moment before: either way the ending is on its way.
    return Boolean(response?.ok || response?.status === 409);
  }

  get #form() {
    const { form } = this.dataset;
    return form ? document.querySelector(form) : null;
  }

  get #name() {
    return `andamento:${this.dataset.api}`;
  }

  // ── starting ──

  #submit({ target }) {
    const { form } = this.dataset;
    if (!form || !(target instanceof HTMLFormElement) || !target.matches(form)) return;
    const answers = readForm(target);
    if (!same(answers, this.#answers) || this.#stage.shape !== "open") this.start(answers);
  }

  async #start(answers, byItself) {
    if (!this.#key || this.#outcome || !same(answers, this.#answers)) this.#key = String(crypto.getRandomValues(new Uint32Array(4)));
    this.#stop();
    this.#forget();
    this.#answers = answers;
    const turn = this.#turn;
    if (!byItself) {
      this.#patience = 0;
      this.#stage.show("start", { kind: "run", title: say("preparing"), text: say("moment") });
      this.open();
    }
    const { automation } = this.dataset;
    const response = await this.#send("/api/rpa/start", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": this.#key },
      body: JSON.stringify({ ...answers, ...(automation && { automation }) }),
    });
    if (turn === this.#turn) this.#started(response);
  }

  #started(response) {
    this.#offline = !response;
    if (!response) return this.#apologise("offline", say("here") + say("net"));
    const { ok, status, wait, body } = response;
    if (ok && body.session_id) {
      const { session_id, token, events_url, progress_url, snapshot } = body;
      this.#put({ at: Date.now(), told: [], session_id, token, events_url, progress_url });
      this.#tell("start");
      this.#follow(snapshot);
    } else if (status === 422 && body.campos) this.#correct(body.campos);
    else if (status === 429 || status === 503) this.#wait(wait);
    else this.#apologise("refused", body.error);
  }

  /** A request to the service: {ok, status, wait, body}, or null where there was no answer. */
  async #send(path, request) {
    try {
      const signal = AbortSignal.timeout?.(seams.times.start);
      const headers = { ...request.headers, "accept-language": language() };
      const response = await seams.fetch(new URL(path, this.dataset.api), { ...request, headers, signal });
      const wait = Number(response.headers.get("retry-after")) || PAUSE_S;
      const body = await response.json().catch(() => ({}));
      return { ok: response.ok, status: response.status, wait, body };
    } catch {
      return null;
    }
  }

  #apologise(cause, text = say("soon")) {
    const actions = [this.#again(), ...this.#help()];
    this.#stage.show(cause, { kind: "wait", badge: "alerta", title: say(cause), text, actions });
  }

  #wait(seconds) {
    const until = performance.now() + seconds * 1000;
    this.#patience ||= performance.now() + seams.times.door;
    if (until > this.#patience) return this.#apologise("full", say("here") + say("soon"));
    const actions = [this.#again(), ...this.#help()];
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) return this.#start(this.#answers, true);
      const text = say("here") + say("door", length(left));
      this.#stage.show("busy", { kind: "wait", badge: "pessoa", title: say("full"), text, actions });
      this.#timer = setTimeout(tick, 1000);
    };
    tick();
  }

  #correct(problems) {
    const answers = this.#answers ?? this.#onPage() ?? {};
    const fields = Object.entries(problems).map(([name, words]) => field(this.#form, name, words, answers[name]));
    const submit = (event) => {
      event.preventDefault();
      const given = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
      this.#start({ ...answers, ...Object.fromEntries(given) });
    };
    // The unseen button lets Enter send the form.
    const enter = h("button", { class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    const form = h("form", { class: "fields", novalidate: true, submit }, fields, enter);
    const actions = [button("go", () => form.requestSubmit(), "main"), ...this.#help()];
    this.#stage.show(Symbol("fields"), { kind: "fields", title: say("check"), text: say("then"), panel: [form], actions });
    form.querySelector("input, select")?.focus();
  }

  // ── following ──

  /** The visit that this or another page of the site has begun, or the end of it. */
  #adopt() {
    const visit = recall("localStorage", this.#name);
    if (!visit) return void (this.#visit && this.#away());
    if (visit.session_id === this.#visit?.session_id || visit.at < Date.now() - KEPT_MS) return;
    this.#stop();
    this.#forget();
    this.#visit = visit;
    this.#stage.show("start", { kind: "run", title: say("quote"), text: say("moment") });
    this.#stage.lay(recall("sessionStorage", this.#name) ? "open" : "pill");
    this.#follow();
  }

  #follow(snapshot) {
    this.#feed = new Feed({ ...this.#visit, snapshot }, {
      snapshot: (news) => this.#receive(news),
      link: (up) => this.#link(up),
      gone: () => this.#gone(),
    });
    if (snapshot?.progress) this.#receive(snapshot);
    if (!this.#outcome) this.#feed.follow();
  }

  #resume() {
    if (!this.#visit) this.#start(this.#answers);
    else if (!this.#outcome) this.#feed.follow();
  }

  #receive({ progress, terminal }) {
    this.#outcome = terminal ? progress.status : null;
    this.#link(true);
    const { dados: estimate } = progress.estimativas;
    const { dados: result } = progress.resultados_finais;
    this.#stage.paint(progress, terminal);
    const shown = scene(progress);
    this.#stage.show(shown.kind, { ...shown, panel: plans(result ?? {}), actions: this.#actions(shown) });
    this.#tell("progress", progress);
    if (estimate) this.#tell("estimate", estimate);
    if (result) this.#tell("result", result);
    else if (terminal) this.#tell("failure", progress.erros.at(-1));
  }

  #link(up) {
    this.#offline = !up;
    this.#stage.link(up);
  }

  #gone() {
    this.#outcome = "gone";
    this.#put(null);
    if (this.#stage.shape === "pill") this.#away();
    else this.#apologise("gone", "");
  }

  #stop() {
    this.#turn += 1;
    this.#feed?.stop();
    this.#offline = false;
    clearTimeout(this.#timer);
    this.#stage?.hush();
  }

  #forget() {
    [this.#visit, this.#feed, this.#outcome, this.#told] = [null, null, null, {}];
    this.#stage.clear();
    this.#stage.paint(fold.render(fold.empty()).progress, false);
  }

  #away() {
    this.#stop();
    this.#forget();
    this.#answers = null;
    this.#stage.lay("away");
  }

  // ── what can be done ──

  #actions({ kind, text, doubted, futile }) {
    if (kind === "run") return [this.#way()];
    const help = this.#help();
    if (doubted) {
      const problems = Object.fromEntries(doubted.map((name) => [name, doubted.length > 1 ? "" : text]));
      return [button("correct", () => this.#correct(problems), "main"), ...help];
    }
    if (["failed", "cancelled"].includes(kind) && !futile) return [this.#again(), ...help];
    const print = kind === "done" && button("print", () => this.#stage.print());
    return [button("close", () => this.minimize(), "main"), print, ...help];
  }

  #way() {
    return button("cancel", () => this.#ask());
  }

  /** Once: the way back is offered as plainly as the end. */
  #ask() {
    const leave = button("leave", async ({ target }) => {
      target.disabled = true;
      target.disabled = await this.cancel();
    });
    const stay = button("stay", () => this.#stage.act([this.#way()], true), "main");
    this.#stage.act([stay, leave, h("p", { class: "sure", role: "alert" }, say("sure"))], true);
  }

  #again() {
    return button("again", () => this.#restart(), "main");
  }

  /** With the answers of before; after a reload, with what stands in the form, or the way to it. */
  #restart() {
    const answers = this.#answers ?? this.#onPage();
    if (answers) return void this.#start(answers);
    this.close();
    this.#form?.scrollIntoView();
  }

  #onPage() {
    const answers = this.#form && readForm(this.#form);
    return answers && Object.keys(answers).length ? answers : null;
  }

  #help() {
    const { telefone, whatsapp } = this.dataset;
    const link = (href, words) => h("a", { class: "call", href, target: "_blank", rel: "noopener" }, words);
    return [
      telefone && link(`tel:${telefone.replace(/[^+\d]/g, "")}`, say("call", telefone)),
      whatsapp && link(`https://wa.me/${whatsapp.replace(/\D/g, "")}`, "WhatsApp"),
    ];
  }

  /** Tells the page, once for each new detail; the site's analytics hear once a visit, and no detail. */
  #tell(name, detail = null) {
    if (name in this.#told && same(detail, this.#told[name])) return;
    this.#told[name] = detail;
    if (name !== "start") this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
    if (name === "progress" || this.#visit?.told.includes(name)) return;
    window.dataLayer?.push({ event: `andamento_${name}` });
    if (this.#visit) this.#put({ ...this.#visit, told: [...this.#visit.told, name] });
  }

  #put(visit) {
    this.#visit = visit;
    remember("localStorage", this.#name, visit);
  }
}

function button(words, click, look = "quiet") {
  return h("button", { type: "button", class: look, click }, say(words));
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

// A browser may forbid storage, and then everything lasts as long as the page.
function recall(store, name) {
  try {
    return JSON.parse(window[store].getItem(name));
  } catch {
    return null;
  }
}

function remember(store, name, value) {
  try {
    if (value) window[store].setItem(name, JSON.stringify(value));
    else window[store].removeItem(name);
  } catch {
    // As above.
  }
}
