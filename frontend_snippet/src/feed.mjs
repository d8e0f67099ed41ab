/* The feed: one session, followed to its ending over whatever connection works.
 *
 * 1. One cursor, that of the last snapshot shown: stream, socket, polls and other tabs all go on from
 *    it and meet in `#publish`, which drops what is not newer. Nothing is shown twice, nothing goes back.
 * 2. The ladder: EventSource, WebSocket, long poll; a service or proxy without long polls turns the last
 *    into plain polling. A rung is left when it cannot be had, gives no sign of life in time, is refused
 *    twice while the snapshot answers, or stays wordless while the snapshot moves on.
 * 3. Every connection has a generation; what an earlier one still says is not heard.
 * 4. EventSource comes back by itself after it was heard; when it gives up (503, 204, half a response
 *    head, Firefox after a refused connection) one look at the snapshot comes first, then a new one.
 * 5. Only the tab that leads (share.mjs) has a connection.
 */
import { fold } from "./fold.mjs";
import { share } from "./share.mjs";

/** What tests and later issues may replace; times in ms. */
export const seams = {
  fetch: (...request) => globalThis.fetch(...request),
  EventSource: globalThis.EventSource,
  WebSocket: globalThis.WebSocket,
  times: {
    // Without a first byte, the next way of reading is tried: the third one is on within 3 s.
    first: 1500,
    // Three pings missed: the connection is dead, whatever it says.
    silence: 45000,
    // How long the service may hold a long poll.
    hold: 25000,
    // Between two looks where it does not hold them.
    poll: 1500,
    // Before the first reconnection, doubled each time.
    backoff: 1000,
    longest: 20000,
    // For the answer to a start.
    start: 20000,
    // How long a full service is tried again: as long as it sends one away at the most, and a little.
    door: 125000,
    // A shorter break is not worth a word.
    lost: 3000,
    // Between two announcements to a screen reader.
    speak: 10000,
  },
};

const GONE = [401, 403, 404, 410];
const REFUSALS = 2;
// What a socket closes with when its service restarts: come back when it said, not all at once.
const RESTART = 1012;

export class Feed {
  #session;
  #listener;
  // The snapshot on view.
  #shown;
  #tabs = null;
  #generation = 0;
  #timers = new Set();
  #source = null;
  #request = null;
  #rung = 0;
  #tries = 0;
  #refused = 0;

  /** `session`: the answer to a start, its snapshot already on view, or without one: then the first
   * look is shown; `listener`: {snapshot(snapshot), link(up), gone()}. */
  constructor(session, listener) {
    this.#session = session;
    this.#listener = listener;
    this.#shown = session.snapshot;
  }

  /** Closes everything at once; `follow` may be called again. */
  stop() {
    this.#renew();
    this.#tabs?.leave();
    this.#tabs = null;
  }

  /** Follows from the snapshot on view, as a new generation that tries the whole ladder. */
  follow() {
    this.#rung = this.#tries = this.#refused = 0;
    this.#tabs ??= share(
      this.#session.session_id,
      seams.times,
      (leading) => (leading ? this.#connect() : this.#renew()),
      (kind, detail) => {
        if (kind === "hello") this.#tabs.post("snapshot", this.#shown);
        else if (kind === "snapshot") this.#publish(detail);
        else this.#tell(kind, detail);
      },
    );
    this.#tabs.follow(true);
  }

  /** This tab is looked at again: is the leading one still awake? */
  check() {
    this.#tabs?.follow();
  }

  #renew() {
    this.#source?.close();
    this.#request?.abort();
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
    const mine = ++this.#generation;
    return () => mine === this.#generation;
  }

  #connect() {
    if (!this.#shown) return this.#look(0);
    const alive = this.#renew();
    if (this.#rung > 1) return void this.#poll(alive);
    const url = address(this.#session.events_url, { after: this.#shown.cursor });
    try {
      this.#source = this.#rung
        ? new seams.WebSocket(url.replace("/events/", "/ws/").replace("http", "ws"))
        : new seams.EventSource(url);
    } catch {
      // The browser has none, or the page's policy forbids it.
      return this.#fall();
    }
    this.#listen(this.#source, alive);
  }

  #fall() {
    this.#rung += 1;
    this.#tries = this.#refused = 0;
    this.#connect();
  }

  #listen(source, alive) {
    const { first, silence } = seams.times;
    let [heard, from, ahead, pause, watchdog] = [false, 0, 0, 0];
    const expect = (delay, otherwise) => {
      this.#timers.delete(watchdog);
      clearTimeout(watchdog);
      watchdog = this.#later(delay, otherwise);
    };
    // Twice, for the stream's own word may be on its way while the snapshot answers.
    const compare = async () => {
      await this.#ask();
      if (!alive() || heard) return;
      ahead += this.#shown.cursor > from;
      if (ahead < 2) expect(first, compare);
      else this.#fall();
    };
    const hear = (kind, data) => {
      if (!alive()) return;
      heard = true;
      this.#refused = 0;
      expect(silence, () => this.#retry());
      if (data.seq) this.#receive(data);
      else if (kind === "reset") this.#shown = fold.render(fold.empty());
      // An ending that was shown has closed the stream before this; here one is missing.
      else if (kind === "end") this.#retry();
      else this.#tell("link", true);
    };
    const lose = ({ code }) => {
      if (!alive()) return;
      // Still connecting: the browser comes back by itself, at the pace the service asked for.
      const returns = heard && !source.readyState;
      if (!heard && ++this.#refused >= REFUSALS) return this.#fall();
      if (!returns) return this.#retry(code === RESTART ? pause : 0);
      this.#tell("link", false);
      heard = false;
      expect(silence, () => this.#retry());
    };

    expect(first, () => this.#fall());
    source.onopen = () => {
      if (!alive()) return;
      [heard, from, ahead] = [false, this.#shown.cursor, 0];
      this.#tell("link", true);
      expect(first, compare);
    };
    source.onerror = source.onclose = lose;
    source.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      pause = message.retry ?? pause;
      hear(message.event, message.data);
    };
    for (const kind of ["progress", "estimate", "result", "failure", "ping", "reset", "end"])
      source.addEventListener(kind, ({ data }) => hear(kind, JSON.parse(data)));
  }

  #receive(event) {
    const { cursor } = this.#shown;
    if (event.session_id !== this.#session.session_id || event.seq <= cursor) return;
    // A gap: the log heals it.
    if (event.seq > cursor + 1) return this.#retry();
    this.#tries = 0;
    this.#publish(fold.render(fold.step(fold.resume(this.#shown), event)));
  }

  #publish(snapshot) {
    if (!(snapshot?.cursor > (this.#shown?.cursor ?? -1))) return;
    this.#shown = snapshot;
    this.#tell("snapshot", snapshot);
  }

  /** To the page and the other tabs; after the last word of all nothing is left open. */
  #tell(kind, detail) {
    this.#tabs?.post(kind, detail);
    if (detail?.terminal || kind === "gone") this.stop();
    this.#listener[kind](detail);
  }

  #retry(least = 0) {
    this.#tell("link", false);
    this.#look(Math.max(least, this.#backoff()));
  }

  #look(delay) {
    const alive = this.#renew();
    this.#later(delay, async () => {
      const snapshot = await this.#ask();
      if (!alive()) return;
      if (snapshot) this.#connect();
      else this.#retry();
    });
  }

  async #poll(alive) {
    const { first, hold, poll } = seams.times;
    while (alive()) {
      const { cursor } = this.#shown;
      const asked = performance.now();
      const snapshot = await this.#ask({ wait: hold / 1000, after: cursor });
      if (!alive()) return;
      if (!snapshot) return this.#retry();
      this.#tries = 0;
      this.#tell("link", true);
      // Answered at once and with nothing new: no long poll on this road, so ask at a walk.
      const idle = this.#shown.cursor === cursor && performance.now() - asked < first;
      await new Promise((resume) => this.#later(idle ? jittered(poll) : 0, resume));
    }
  }

  /** One look at the snapshot, shown if it is news; null where there was no answer. */
  async #ask(query = {}) {
    const request = (this.#request = new AbortController());
    const patience = (query.wait ?? 0) * 1000 + seams.times.start;
    const limit = this.#later(patience, () => request.abort());
    try {
      const url = address(this.#session.progress_url, query);
      // The browser sends If-None-Match itself; set by hand it would cost a preflight.
      const response = await seams.fetch(url, { cache: "no-cache", signal: request.signal });
      const snapshot = response.ok ? await response.json() : null;
      if (request.signal.aborted) return null;
      this.#publish(snapshot);
      if (GONE.includes(response.status)) this.#tell("gone");
      return snapshot;
    } catch {
      return null;
    } finally {
      clearTimeout(limit);
    }
  }

  #backoff() {
    const { backoff, longest } = seams.times;
    return jittered(Math.min(longest, backoff * 2 ** this.#tries++));
  }

  #later(delay, work) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delay);
    this.#timers.add(timer);
    return timer;
  }
}

// So that a restarted service is not met by everybody at once.
function jittered(delay) {
  return delay * (0.5 + Math.random() / 2);
}

function address(base, query) {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
