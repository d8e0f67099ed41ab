/* A service that exists only in this page: it puts itself into the modal's seams and answers by the
 * contract from an invented history.
 *
 * 1. `starts` are the answers to the coming starts: [status, body, headers], "hang" or "away"; after
 *    them every start begins a session. The first session says `facts` at once, a later one plays
 *    `quote` at its pace: so every button of the modal leads somewhere.
 * 2. `lose` and `regain` are a network that goes and comes back.
 */
// The service of the contract pings every 15 s; a modal that hears nothing for 45 s reconnects.
const PING_MS = 15000;
// A session's invented clock: one event every 1.4 s.
const STEP_MS = 1400;
const BEGAN = Date.UTC(2026, 0, 2, 12);

export class Service {
  #fold;
  #starts;
  #first;
  #quote;
  #session = "";
  #events = [];
  #sources = new Set();
  #timers = [];
  #heard = 0;
  #up = true;
  #gone = false;

  /** `fold`: the element's own; `quote`: {facts, milliseconds} for sessions after the first. */
  constructor(fold, { starts = [], facts, quote }) {
    this.seams = this.#seams();
    this.#fold = fold;
    this.#starts = starts;
    this.#first = facts;
    this.#quote = quote;
  }

  /** Whether everything that was said has been heard. */
  get heard() {
    return this.#events.length > 0 && this.#heard === this.#events.length;
  }

  say(...facts) {
    for (const [type, data] of facts) {
      const seq = this.#events.length + 1;
      const at = new Date(BEGAN + STEP_MS * seq).toISOString();
      this.#events.push({ session_id: this.#session, seq, type, at, data });
    }
    this.#sources.forEach((source) => source.tell());
  }

  /** Says the facts one after the other; the last one after `milliseconds`. */
  play(facts, milliseconds) {
    facts.forEach((fact, index) => {
      this.#timers.push(setTimeout(() => this.say(fact), ((index + 1) * milliseconds) / facts.length));
    });
  }

  lose() {
    this.#up = false;
    this.#sources.forEach((source) => source.fail());
  }

  regain() {
    this.#up = true;
  }

  /** From now on nobody here knows the session. */
  forget() {
    this.#gone = true;
    this.#sources.forEach((source) => source.fail());
  }

  stop() {
    this.#hush();
    this.#sources.forEach((source) => source.close());
  }

  #hush() {
    this.#timers.forEach((timer) => clearTimeout(timer));
  }

  #seams() {
    const line = {
      sources: this.#sources,
      events: () => this.#events,
      reached: () => this.#up && !this.#gone,
      heard: (seq) => (this.#heard = seq),
    };
    return {
      fetch: async (url, request) => this.#answer(new URL(url), request),
      EventSource: class extends Source {
        constructor(url) {
          super(url, line);
        }
      },
      WebSocket: undefined,
    };
  }

  async #answer({ pathname }, { method = "GET" }) {
    if (!this.#up) throw new TypeError("Failed to fetch");
    if (method === "POST") return this.#start();
    if (this.#gone) return reply(404, { success: false, code: "sessao_desconhecida" });
    if (method === "DELETE") {
      this.#timers.push(setTimeout(() => this.#cancel(), 600));
      return reply(202, { success: true });
    }
    return reply(200, { success: true, session_id: this.#session, ...this.#snapshot() });
  }

  #start() {
    const next = this.#starts.shift();
    if (next === "hang") return new Promise(() => {});
    if (next === "away") throw new TypeError("Failed to fetch");
    if (next) return reply(...next);
    this.stop();
    this.#events = [];
    this.#heard = 0;
    // Of its own in every tab, for tabs that show the same session share it.
    const digits = Array.from({ length: 32 }, () => Math.floor(16 * Math.random()).toString(16));
    this.#session = `rpa_v5_20260102_120000_${digits.join("")}`;
    const snapshot = this.#snapshot();
    if (this.#first) this.say(...this.#first);
    else this.play(this.#quote.facts, this.#quote.milliseconds);
    this.#first = null;
    const address = (kind) => `https://servico.example/api/rpa/${kind}/${this.#session}?token=exemplo`;
    return reply(202, {
      success: true, session_id: this.#session, token: "exemplo", status: "queued", events_url: address("events"),
      progress_url: address("progress"), snapshot,
    });
  }

  #cancel() {
    this.#hush();
    const data = { tipo: "cancelado", codigo: "cancelado", mensagem: "A cotação foi cancelada.", sugestao: "", final: true };
    this.say(["error", { ...data, etapa: "7", dados_enviados: false }]);
  }

  #snapshot() {
    const { empty, render, step } = this.#fold;
    return render(this.#events.reduce(step, empty()));
  }
}

/** What the modal needs of an EventSource. */
class Source extends EventTarget {
  #line;
  #cursor;
  #ping;
  readyState = 0;

  constructor(url, line) {
    super();
    this.#line = line;
    this.#cursor = Number(new URL(url).searchParams.get("after"));
    line.sources.add(this);
    setTimeout(() => (line.reached() ? this.#open() : this.fail()));
  }

  tell() {
    for (const event of this.#line.events().slice(this.#cursor)) {
      // Closed by its reader, or not open yet.
      if (this.readyState !== 1) return;
      this.#cursor = event.seq;
      this.#dispatch(event.type === "error" ? "failure" : event.type, event);
      this.#line.heard(event.seq);
    }
  }

  fail() {
    this.close();
    this.onerror?.({});
  }

  close() {
    this.readyState = 2;
    this.#line.sources.delete(this);
    clearInterval(this.#ping);
  }

  #open() {
    if (this.readyState) return;
    this.readyState = 1;
    this.onopen?.({});
    this.#ping = setInterval(() => this.#dispatch("ping", {}), PING_MS);
    this.#dispatch("ping", {});
    this.tell();
  }

  #dispatch(name, content) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(content) }));
  }
}

function reply(status, body, headers) {
  return new Response(JSON.stringify(body), { status, headers });
}
