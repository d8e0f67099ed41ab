/* The fold: a session's events become the one picture of where it stands.
 *
 * 1. The twin of db/snapshot.py, bound to it by tests/vectors/*.json: change both or none.
 * 2. Pure and free of DOM: `state = step(state, event)`.
 * 3. The state is the contract's snapshot, at every step: so `render` and `resume` have nothing to do.
 */
const KEPT = 10;
const as_it_is = (snapshot) => snapshot;

export const fold = {
  empty: () => ({
    cursor: 0,
    terminal: false,
    progress: {
      etapa_atual: 0,
      total_etapas: 0,
      percentual: 0,
      status: "queued",
      mensagem: "Recebemos seu pedido. Já vamos começar.",
      timestamp_inicio: null,
      timestamp_atualizacao: null,
      estimativas: { capturadas: false, dados: null },
      resultados_finais: { rpa_finalizado: false, dados: null },
      erros: [],
      timeline: [],
      restante_s: null,
      fila: null,
      assumidas: [],
      source: "history",
    },
  }),

  step(before, { seq, type, at, data }) {
    if (seq <= before.cursor) return before;
    const progress = { ...before.progress, timestamp_atualizacao: at };
    progress.timestamp_inicio ??= at;
    progress.mensagem = String(data.mensagem || progress.mensagem);
    if (type === "progress") advance(progress, data, at);
    if (type === "estimate") progress.estimativas = { capturadas: true, dados: data };
    if (type === "result") {
      progress.resultados_finais = { rpa_finalizado: true, dados: data };
      progress.percentual = 100;
      finish(progress, "completed");
    }
    if (type === "error") fail(progress, data, at);
    return { cursor: seq, terminal: ["completed", "failed", "cancelled"].includes(progress.status), progress };
  },

  render: as_it_is,
  resume: as_it_is,
};

function advance(progress, data, at) {
  const { etapa = "", titulo = "", fase, status } = data;
  progress.status = ["queued", "paused"].includes(status) ? status : "running";
  for (const name of ["etapa_atual", "total_etapas"]) if (name in data) progress[name] = data[name];
  progress.percentual = Math.max(progress.percentual, data.percentual ?? 0);
  progress.restante_s = data.restante_s ?? null;
  progress.fila = (progress.status === "queued" && data.fila) || null;
  if (Array.isArray(data.assumidas)) progress.assumidas = data.assumidas;
  const { timeline } = progress;
  const entered = fase === "entrou";
  const done = fase === "concluiu";
  const open = done && timeline.findLast((visit) => visit.etapa === String(etapa) && !visit.fim);
  if (open) progress.timeline = timeline.map((visit) => (visit === open ? closed(visit, at) : visit));
  else if (entered || done)
    progress.timeline = kept(timeline, {
      etapa: String(etapa),
      titulo: String(titulo),
      inicio: entered ? at : null,
      fim: done ? at : null,
      duracao_s: null,
    });
}

function closed(visit, fim) {
  return { ...visit, fim, duracao_s: (new Date(fim) - new Date(visit.inicio)) / 1000 };
}

function fail(progress, { tipo = null, mensagem = null, sugestao = null, final }, timestamp) {
  progress.erros = kept(progress.erros, { tipo, mensagem, sugestao, timestamp });
  if (final === true) finish(progress, tipo === "cancelado" ? "cancelled" : "failed");
}

function finish(progress, status) {
  Object.assign(progress, { status, restante_s: null, fila: null });
}

function kept(list, item) {
  return [...list, item].slice(-KEPT);
}
