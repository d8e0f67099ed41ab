// Talking to the server. The run's id lives in this page's memory only: a reload is a new run.

export const run = { id: null, pace: { rastreio: 300, esqueleto: 20 } };

/** One call; throws with the server's sentence when it is not answered with success. */
export async function call(door, data = {}) {
  const answer = await fetch(`/api/${door}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ run: run.id, ...data }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.erro);
  if (body.run) run.id = body.run;
  if (body.ritmo) {
    run.pace = body.ritmo;
    document.documentElement.style.setProperty("--fecha", `${run.pace.fecha}ms`);
  }
  return body;
}

/** Trackers: the network never is idle for half a second. */
export function startTracker() {
  let count = 0;
  const ping = () => fetch(`/rastreio?n=${(count += 1)}`).catch(() => {});
  ping();
  setInterval(ping, run.pace.rastreio);
}
