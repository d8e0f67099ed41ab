/* The feed: one session, followed to its ending over whatever connection works.
 *
 * 1. One cursor, that of the last snapshot shown: stream, socket, polls and other tabs all go on from
 *    it and meet in `publish`, which drops what is not newer. Nothing is shown twice, nothing goes back.
 * 2. The ladder: EventSource, WebSocket, long poll; a service or proxy without long polls turns the last
 *    into plain polling. A rung is left when it cannot be had, gives no sign of life in time, is refused
 *    twice while the snapshot answers, or stays wordless while the snapshot moves on.
 * 3. Every connection has a generation; what an earlier one still says is not heard. A generation has
 *    one timer, for what is to come next.
 * 4. EventSource comes back by itself after it was heard; when it gives up (503, 204, half a response
 *    head, Firefox after a refused connection) one look at the snapshot comes first, then a new one.
 * 5. Only the tab that leads (share.mjs) has a connection.
 */
import { fold } from "./fold.mjs";
import { share } from "./share.mjs";

/** What tests and later issues may replace; times in ms. */
export const seams = {
  fetch: (...request) => fetch(...request),
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
const KINDS = ["message", "progress", "estimate", "result", "failure", "ping", "reset", "end"];

/** `session`: the answer to a start, its snapshot already on view, or without one: then the first look is
 * shown; `listener`: {snapshot(snapshot), link(up), gone()}. */
export function feed(session, listener) {
  const { times } = seams;
  // The snapshot on view.
  let shown = session.snapshot;
  let generation = 0;
  let rung = 0;
  let tries = 0;
  let refused = 0;
  let tabs, source, request, timer;

  /** Closes everything at once; `follow` may be called again. */
  const stop = () => {
    renew();
    tabs?.leave();
    tabs = null;
  };

  /** Follows from the snapshot on view, as a new generation that tries the whole ladder. */
  const follow = () => {
    rung = tries = refused = 0;
    tabs ??= share(session.session_id, times, (leading) => (leading ? connect() : renew()), (kind, detail) => {
      if (kind === "hello") tabs.post("snapshot", shown);
      else if (kind === "snapshot") publish(detail);
      else tell(kind, detail);
    });
    tabs.follow(true);
  };

  const renew = () => {
    source?.close();
    request?.abort();
    clearTimeout(timer);
    const mine = ++generation;
    return () => mine === generation;
  };

  const expect = (delay, work) => {
    clearTimeout(timer);
    timer = setTimeout(work, delay);
  };

  const connect = () => {
    if (!shown) return look(0);
    const alive = renew();
    if (rung > 1) return poll(alive);
    const url = address(session.events_url, { after: shown.cursor });
    try {
      source = rung
        ? new seams.WebSocket(url.replace("/events/", "/ws/").replace("http", "ws"))
        : new seams.EventSource(url);
    } catch {
      // The browser has none, or the page's policy forbids it.
      return fall();
    }
    listen(source, alive);
  };

  const fall = () => {
    rung += 1;
    tries = refused = 0;
    connect();
  };

  const listen = (source, alive) => {
    let [heard, from, ahead, pause] = [false, 0, 0, 0];
    // Twice, for the stream's own word may be on its way while the snapshot answers.
    const compare = async () => {
      await ask();
      if (!alive() || heard) return;
      ahead += shown.cursor > from;
      if (ahead < 2) expect(times.first, compare);
      else fall();
    };
    const hear = (kind, data) => {
      heard = true;
      refused = 0;
      expect(times.silence, retry);
      if (data.seq) receive(data);
      else if (kind === "reset") shown = fold.empty();
      // An ending that was shown has closed the stream before this; here one is missing.
      else if (kind === "end") retry();
      else tell("link", true);
    };
    expect(times.first, fall);
    source.onopen = () => {
      if (!alive()) return;
      [heard, from, ahead] = [false, shown.cursor, 0];
      tell("link", true);
      expect(times.first, compare);
    };
    source.onerror = source.onclose = ({ code }) => {
      if (!alive()) return;
      // Still connecting: the browser comes back by itself, at the pace the service asked for.
      const returns = heard && !source.readyState;
      if (!heard && ++refused >= REFUSALS) return fall();
      if (!returns) return retry(code === RESTART ? pause : 0);
      tell("link", false);
      heard = false;
      expect(times.silence, retry);
    };
    for (const kind of KINDS)
      source.addEventListener(kind, ({ data }) => {
        if (!alive()) return;
        const said = JSON.parse(data);
        // A socket has messages only, and names the kind inside.
        pause = said.retry ?? pause;
        hear(said.event ?? kind, said.event ? said.data : said);
      });
  };

  const receive = (event) => {
    const { cursor } = shown;
    if (event.session_id !== session.session_id || event.seq <= cursor) return;
    // A gap: the log heals it.
    if (event.seq > cursor + 1) return retry();
    tries = 0;
    publish(fold.step(shown, event));
  };

  const publish = (snapshot) => {
    if (!(snapshot?.cursor > (shown?.cursor ?? -1))) return;
    shown = snapshot;
    tell("snapshot", snapshot);
  };

  /** To the page and the other tabs; after the last word of all nothing is left open. */
  const tell = (kind, detail) => {
    tabs?.post(kind, detail);
    if (detail?.terminal || kind === "gone") stop();
    listener[kind](detail);
  };

  const retry = (least = 0) => {
    tell("link", false);
    look(Math.max(least, jittered(Math.min(times.longest, times.backoff * 2 ** tries++))));
  };

  const look = (delay) => {
    const alive = renew();
    expect(delay, async () => {
      const snapshot = await ask();
      if (!alive()) return;
      if (snapshot) connect();
      else retry();
    });
  };

  const poll = async (alive) => {
    while (alive()) {
      const { cursor } = shown;
      const asked = performance.now();
      const snapshot = await ask({ wait: times.hold / 1000, after: cursor });
      if (!alive()) return;
      if (!snapshot) return retry();
      tries = 0;
      tell("link", true);
      // Answered at once and with nothing new: no long poll on this road, so ask at a walk.
      const idle = shown.cursor === cursor && performance.now() - asked < times.first;
      await new Promise((resume) => expect(idle ? jittered(times.poll) : 0, resume));
    }
  };

  /** One look at the snapshot, shown if it is news; nothing where there was no answer. */
  const ask = async (query = {}) => {
    const mine = (request = new AbortController());
    const { signal } = mine;
    const limit = setTimeout(() => mine.abort(), (query.wait ?? 0) * 1000 + times.start);
    try {
      // The browser sends If-None-Match itself; set by hand it would cost a preflight.
      const response = await seams.fetch(address(session.progress_url, query), { cache: "no-cache", signal });
      const snapshot = response.ok && (await response.json());
      if (signal.aborted) return;
      publish(snapshot);
      if (GONE.includes(response.status)) tell("gone");
      return snapshot;
    } catch {
      // As if it had not been asked.
    } finally {
      clearTimeout(limit);
    }
  };

  return { stop, follow, /** This tab is looked at again: is the leading one still awake? */ check: () => tabs?.follow() };
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
