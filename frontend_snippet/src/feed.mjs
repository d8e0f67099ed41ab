/* The feed: one session, followed to its ending over whatever connection works.
 *
 * 1. Whatever is shown is a snapshot. Stream and polling meet in `#publish`, which drops what is not
 *    newer than what is on view: nothing is shown twice, nothing goes back, no way of reading loses anything.
 * 2. Every connection has a generation; what an earlier one still says is not heard.
 * 3. EventSource comes back by itself while it can; when it gives up (503, 204, Firefox after a refused
 *    connection) one look at the snapshot tells a restart from a refusal, then a new one is opened.
 * 4. A stream that stays wordless while the snapshot moves on is swallowed by a proxy: from then on
 *    the long poll, which a service or proxy without it turns into plain polling.
 */
import { fold } from "./fold.mjs";

/** What tests and later issues may replace; times in ms. */
export const seams = {
  fetch: (...request) => globalThis.fetch(...request),
  EventSource: globalThis.EventSource,
  times: {
    // Without a first byte, another way of reading is tried.
    first: 3000,
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

const CLOSED = 2;
const GONE = [401, 403, 404, 410];
const WORDLESS_STREAMS = 3;

export class Feed {
  #session;
  #listener;
  #state = fold.empty();
  #shown = 0;
  #generation = 0;
  #timers = new Set();
  #source = null;
  #request = null;
  #tries = 0;
  #wordless = 0;

  /** `session`: the answer to a start, its snapshot already on view; `listener`: {snapshot(snapshot),
   * link(up), gone()}. */
  constructor(session, listener) {
    this.#session = session;
    this.#listener = listener;
    this.#shown = session.snapshot?.cursor ?? 0;
  }

  /** Closes everything at once; `follow` may be called again. */
  stop() {
    this.#renew();
  }

  /** Follows from the last event held, as a new generation. */
  follow() {
    const alive = this.#renew();
    if (!seams.EventSource || this.#wordless >= WORDLESS_STREAMS) return void this.#poll();
    const after = this.#state.cursor ? { after: this.#state.cursor } : {};
    this.#source = new seams.EventSource(address(this.#session.events_url, after));
    this.#listen(this.#source, alive);
  }

  #renew() {
    this.#source?.close();
    this.#request?.abort();
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
    const mine = ++this.#generation;
    return () => mine === this.#generation;
  }

  #listen(source, alive) {
    const { first, silence } = seams.times;
    let [heard, ahead, watchdog] = [false, 0, 0];
    const expect = (delay, otherwise) => {
      this.#timers.delete(watchdog);
      clearTimeout(watchdog);
      watchdog = this.#later(delay, otherwise);
    };
    const on = (name, work) => source.addEventListener(name, (message) => alive() && work(message));
    const hear = (name, work) =>
      on(name, (message) => {
        heard = true;
        expect(silence, () => this.#retry());
        work(message);
      });
    // Twice, for the stream's own word may be on its way while the snapshot answers.
    const compare = async () => {
      const snapshot = await this.#ask();
      if (!alive() || heard) return;
      ahead = snapshot?.cursor > this.#state.cursor ? ahead + 1 : 0;
      if (ahead < 2) expect(first, compare);
      else this.#poll();
    };

    expect(first, () => this.#poll());
    on("open", () => {
      heard = false;
      this.#listener.link(true);
      expect(first, compare);
    });
    on("error", () => {
      this.#listener.link(false);
      // Still connecting: the browser comes back by itself, at the pace the service asked for.
      if (source.readyState !== CLOSED) return expect(silence, () => this.#retry());
      this.#wordless += 1;
      this.#retry();
    });
    for (const type of ["progress", "estimate", "result", "failure"])
      hear(type, ({ data }) => this.#receive(data));
    hear("ping", () => {});
    hear("reset", () => {
      this.#state = fold.empty();
      this.#shown = 0;
    });
    // An ending that was shown has closed the stream before this; here one is missing.
    hear("end", () => this.#retry());
  }

  #receive(text) {
    const event = JSON.parse(text);
    if (event.session_id !== this.#session.session_id || event.seq <= this.#state.cursor) return;
    // A gap: the log heals it.
    if (event.seq > this.#state.cursor + 1) return this.#retry();
    this.#tries = 0;
    this.#wordless = 0;
    this.#state = fold.step(this.#state, event);
    this.#publish(fold.render(this.#state));
  }

  #publish(snapshot) {
    if (snapshot.cursor <= this.#shown) return;
    this.#shown = snapshot.cursor;
    if (snapshot.terminal) this.stop();
    this.#listener.snapshot(snapshot);
  }

  #retry() {
    const alive = this.#renew();
    this.#listener.link(false);
    this.#later(this.#backoff(), async () => {
      const snapshot = await this.#ask();
      if (!alive()) return;
      if (snapshot) this.follow();
      else this.#retry();
    });
  }

  async #poll() {
    const alive = this.#renew();
    const { first, hold, poll } = seams.times;
    while (alive()) {
      const before = this.#shown;
      const asked = performance.now();
      const snapshot = await this.#ask({ wait: hold / 1000, after: before });
      if (!alive()) return;
      this.#listener.link(snapshot !== null);
      if (snapshot) this.#tries = 0;
      // Answered at once and with nothing new: no long poll on this road, so ask at a walk.
      const idle = this.#shown === before && performance.now() - asked < first;
      const pause = snapshot ? (idle ? poll : 0) : this.#backoff();
      await new Promise((resume) => this.#later(pause, resume));
    }
  }

  /** One look at the snapshot, shown if it is news; null where there was no answer. */
  async #ask(query = {}) {
    const request = (this.#request = new AbortController());
    const limit = this.#later(seams.times.hold + seams.times.start, () => request.abort());
    try {
      const url = address(this.#session.progress_url, query);
      // The browser sends If-None-Match itself; set by hand it would cost a preflight.
      const response = await seams.fetch(url, { cache: "no-cache", signal: request.signal });
      const snapshot = response.ok ? await response.json() : null;
      if (request.signal.aborted) return null;
      if (snapshot) this.#publish(snapshot);
      if (GONE.includes(response.status)) {
        this.stop();
        this.#listener.gone();
      }
      return snapshot;
    } catch {
      return null;
    } finally {
      clearTimeout(limit);
    }
  }

  // With jitter, so that a restarted service is not met by everybody at once.
  #backoff() {
    const { backoff, longest } = seams.times;
    return Math.min(longest, backoff * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
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

function address(base, query) {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
