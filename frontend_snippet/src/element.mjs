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
import { feed, seams } from "./feed.mjs";
import { fold } from "./fold.mjs";
import { attend, readForm } from "./form.mjs";
import { h, set } from "./node.mjs";
import { stage } from "./stage.mjs";
import { originOf, problemOf } from "./tag.mjs";
import { field, length, plans, scene } from "./view.mjs";
import { language, say, speak, TEXT } from "./words.mjs";

// Where the service does not say how long to wait.
const PAUSE_S = 15;
// As long as the service's tokens last.
const KEPT_MS = 2 * 3600 * 1000;

export class AndamentoModal extends (globalThis.HTMLElement ?? Object) {
  static fold = fold;
  static seams = seams;
  /** The address of the service where an element names none. */
  static home;

  #stage;
  #answers;
  #key;
  // What is kept: {at, told, session_id, token, events_url, progress_url}.
  #visit;
  #feed;
  // The terminal status, or "gone".
  #outcome;
  #told = {};
  #turn = 0;
  #timer = 0;
  // Until when a full service is tried again by itself; 0: it has not been full yet.
  #patience = 0;
  #offline = false;
  #connected;

  connectedCallback() {
    const { dataset } = this;
    dataset.api = originOf((dataset.api ??= AndamentoModal.home)) || dataset.api;
    const problem = problemOf(dataset);
    // On a page without the form a quote that has begun elsewhere is shown all the same.
    if (problem && !keep("localStorage", this.#name))
      return console.error(`andamento.js: ${problem} A página segue sem a cotação ao vivo.`);
    if (problem) delete dataset.form;
    speak(dataset.idioma ?? document.documentElement.lang);
    this.#stage ??= stage(this, {
      shaped: (shape) => keep("sessionStorage", this.#name, +(shape === "open")),
      close: () => this.close(),
    });
    const { signal } = (this.#connected = new AbortController());
    document.addEventListener("submit", (event) => this.#submit(event), { capture: true, signal });
    addEventListener("online", () => this.#offline && this.#resume(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#feed?.check(), { signal });
    // Another tab of this site has begun a quote, or put an end to it.
    addEventListener("storage", ({ key }) => key === this.#name && this.#adopt(), { signal });
    if (dataset.form) signal.addEventListener("abort", attend(this.#form));
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
      this.#stage.show({ kind: "run", posed: "start", title: say(TEXT.preparing), text: say(TEXT.moment) });
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
    if (!response) return this.#apologise(TEXT.offline, say(TEXT.here) + say(TEXT.net));
    const { ok, status, wait, body } = response;
    if (ok && body.session_id) {
      const { session_id, token, events_url, progress_url, snapshot } = body;
      this.#put({ at: Date.now(), told: [], session_id, token, events_url, progress_url });
      this.#tell("start");
      this.#follow(snapshot);
    } else if (status === 422 && body.campos) this.#correct(body.campos);
    else if (status === 429 || status === 503) this.#wait(wait);
    else this.#apologise(TEXT.refused, body.error);
  }

  /** A request to the service: {ok, status, wait, body}, or null where there was no answer. */
  async #send(path, request) {
    try {
      const signal = AbortSignal.timeout?.(seams.times.start);
      request.headers["accept-language"] = language();
      const response = await seams.fetch(new URL(path, this.dataset.api), { ...request, signal });
      const { ok, status, headers } = response;
      const wait = Number(headers.get("retry-after")) || PAUSE_S;
      return { ok, status, wait, body: await response.json().catch(() => ({})) };
    } catch {
      return null;
    }
  }

  #apologise(cause, text = say(TEXT.soon), badge = "alerta") {
    const actions = [this.#again(), ...this.#help()];
    this.#stage.show({ kind: "wait", posed: cause, badge, title: say(cause), text, actions });
  }

  #wait(seconds) {
    const until = performance.now() + seconds * 1000;
    this.#patience ||= performance.now() + seams.times.door;
    if (until > this.#patience) return this.#apologise(TEXT.full, say(TEXT.here) + say(TEXT.soon));
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) return this.#start(this.#answers, true);
      this.#apologise(TEXT.full, say(TEXT.here) + say(TEXT.door, length(left)), "pessoa");
      this.#timer = setTimeout(tick, 1000);
    };
    tick();
  }

  #correct(problems) {
    const answers = this.#answers ?? this.#onPage() ?? {};
    const fields = Object.entries(problems).map(([name, words]) => field(this.#form, name, words, answers[name]));
    const onsubmit = (event) => {
      event.preventDefault();
      const given = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
      this.#start({ ...answers, ...Object.fromEntries(given) });
    };
    // The unseen button lets Enter send the form.
    const enter = set(h("button.unseen"), { tabindex: "-1", "aria-hidden": "true" });
    const form = set(h("form.fields", fields, enter), { noValidate: true, onsubmit });
    const actions = [button(TEXT.go, () => form.requestSubmit(), "main"), ...this.#help()];
    this.#stage.show({ kind: "fields", posed: form, title: say(TEXT.check), text: say(TEXT.then), panel: form, actions });
    form.elements[0].focus();
  }

  // ── following ──

  /** The visit that this or another page of the site has begun, or the end of it. */
  #adopt() {
    const visit = keep("localStorage", this.#name);
    if (!visit) return void (this.#visit && this.#away());
    if (visit.at < Date.now() - KEPT_MS) return keep("localStorage", this.#name, null);
    if (visit.session_id === this.#visit?.session_id) return;
    this.#stop();
    this.#forget();
    this.#visit = visit;
    this.#stage.show({ kind: "run", posed: "start", title: say(TEXT.quote), text: say(TEXT.moment) });
    this.#stage.lay(keep("sessionStorage", this.#name) ? "open" : "pill");
    this.#follow();
  }

  #follow(snapshot) {
    this.#feed = feed({ ...this.#visit, snapshot }, {
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
    this.#stage.show({ ...shown, panel: plans(result ?? {}), actions: this.#actions(shown) });
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
    else this.#apologise(TEXT.gone);
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
    this.#stage.paint(fold.empty().progress, false);
  }

  #away() {
    this.#stop();
    this.#forget();
    this.#answers = null;
    this.#stage.lay("away");
  }

  // ── what can be done ──

  #actions({ kind, text, doubted, again }) {
    if (kind === "run") return [this.#way()];
    const help = this.#help();
    if (doubted) {
      const problems = Object.fromEntries(doubted.map((name) => [name, doubted[1] ? "" : text]));
      return [button(TEXT.correct, () => this.#correct(problems), "main"), ...help];
    }
    if (again) return [this.#again(), ...help];
    const print = kind === "done" && button(TEXT.print, () => this.#stage.print());
    return [button(TEXT.close, () => this.minimize(), "main"), print, ...help];
  }

  #way() {
    return button(TEXT.cancel, () => this.#ask());
  }

  /** Once: the way back is offered as plainly as the end. */
  #ask() {
    const leave = button(TEXT.leave, async ({ target }) => {
      target.disabled = true;
      target.disabled = await this.cancel();
    });
    const stay = button(TEXT.stay, () => this.#stage.act([this.#way()], true), "main");
    this.#stage.act([stay, leave, set(h("p.sure", say(TEXT.sure)), { role: "alert" })], true);
  }

  /** With the answers of before; after a reload, with what stands in the form, or the way to it. */
  #again() {
    return button(TEXT.again, () => {
      const answers = this.#answers ?? this.#onPage();
      if (answers) return this.#start(answers);
      this.close();
      this.#form?.scrollIntoView();
    }, "main");
  }

  #onPage() {
    const answers = this.#form && readForm(this.#form);
    return answers && Object.keys(answers).length ? answers : null;
  }

  #help() {
    const { telefone, whatsapp } = this.dataset;
    const link = (href, words) => set(h("a.call", words), { href, target: "_blank", rel: "noopener" });
    return [
      telefone && link(`tel:${telefone.replace(/[^+\d]/g, "")}`, say(TEXT.call, telefone)),
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
    keep("localStorage", this.#name, visit);
  }
}

function button(words, onclick, look = "") {
  return set(h(`button.${look}`, say(words)), { type: "button", onclick });
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What the browser keeps under this name; with a value, that from now on, or nothing if it is falsy. */
function keep(store, name, ...values) {
  // A browser may forbid storage, and then everything lasts as long as the page.
  try {
    const kept = window[store];
    if (!values.length) return JSON.parse(kept.getItem(name));
    if (values[0]) kept.setItem(name, JSON.stringify(values[0]));
    else kept.removeItem(name);
  } catch {
    return null;
  }
}
