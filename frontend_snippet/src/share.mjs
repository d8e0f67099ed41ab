/* The share: the tabs that show the same visit have one connection between them.
 *
 * 1. Who holds the lock leads and says aloud whatever it shows; the others show what they hear, and
 *    when the leader's tab goes the browser hands the lock on.
 * 2. A leader that hangs keeps its lock: who hears nothing takes it away. A tab that has just arrived
 *    finds that out at once, for its hello is always answered.
 * 3. A leader's words carry the term of its rule: what one says that was put aside is not heard.
 * 4. Without Web Locks or BroadcastChannel (old browsers, plain http) each tab leads itself.
 */

/** Joins the tabs of `name`. `lead(leading)` says when this one's turn comes and goes; `hear(kind,
 * detail)` is what the leader posts, or to the leader a newcomer's "hello". */
export function share(name, { first, silence }, lead, hear) {
  const { locks } = navigator;
  const channel = locks && globalThis.BroadcastChannel && new BroadcastChannel(name);
  let [leading, term, claim, release, watchdog] = [!channel, 0];

  const expect = (delay) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(demand, delay, { steal: true });
  };
  const turn = (mine) => {
    clearTimeout(watchdog);
    leading = mine;
    if (mine) term = Math.max(Date.now(), term + 1);
    lead(mine);
  };
  const demand = (options) => {
    claim?.abort();
    const mine = (claim = new AbortController());
    const rule = (resolve) => {
      release = resolve;
      turn(true);
    };
    const granted = () => mine === claim && new Promise(rule);
    locks.request(name, options ?? { signal: mine.signal }, granted).catch(() => {
      if (mine !== claim) return;
      // Not ours to have: each for itself, then.
      if (!leading) return turn(true);
      turn(false);
      demand();
      // The leader notices a dead connection first.
      expect(silence + first);
    });
  };

  if (channel) {
    demand();
    channel.onmessage = ({ data }) => {
      if (!data) return leading && hear("hello");
      const [from, kind, detail] = data;
      if (leading || from < term) return;
      term = from;
      expect(silence + first);
      hear(kind, detail);
    };
  }
  return {
    post: (...words) => leading && channel?.postMessage([term, ...words]),
    /** Asks whether the leader is still there; one that leads connects anew, if told so. */
    follow(anew) {
      if (leading) return anew && lead(true);
      channel.postMessage(0);
      expect(first);
    },
    leave() {
      clearTimeout(watchdog);
      claim?.abort();
      claim = leading = null;
      release?.();
      channel?.close();
    },
  };
}
