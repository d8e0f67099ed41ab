/* The fold: a session's events become the one picture of where it stands.
 *
 * 1. The twin of db/snapshot.py, bound to it by tests/vectors/*.json: change both or none.
 * 2. Pure and free of DOM: `state = step(state, event)`; `render(state)` is the contract's snapshot.
 */
const KEPT = 10;
const TERMINAL = ["completed", "failed", "cancelled"];

export const fold = {
  empty: () => ({
    cursor: 0,
    status: "queued",
    etapa_atual: 0,
    total_etapas: 0,
    percentual: 0,
    mensagem: "Recebemos seu pedido. Já vamos começar.",
    started: null,
    updated: null,
    estimate: null,
    result: null,
    erros: [],
    timeline: [],
    restante_s: null,
    fila: null,
    assumidas: [],
  }),

  step(before, { seq, type, at, data }) {
    if (seq <= before.cursor) return before;
    const state = { ...before, cursor: seq, started: before.started ?? at, updated: at };
    state.mensagem = String(data.mensagem || before.mensagem);
    if (type === "progress") advance(state, data, at);
    if (type === "estimate") state.estimate = data;
    if (type === "result") finish(Object.assign(state, { result: data, percentual: 100 }), "completed");
    if (type === "error") fail(state, data, at);
    return state;
  },

  render: ({ cursor, status, started, updated, estimate, result, timeline, ...same }) => ({
    cursor,
    terminal: TERMINAL.includes(status),
    progress: {
      ...same,
      status,
      timestamp_inicio: started,
      timestamp_atualizacao: updated,
      estimativas: { capturadas: estimate !== null, dados: estimate },
      resultados_finais: { rpa_finalizado: result !== null, dados: result },
      timeline: timeline.map((visit) => ({ ...visit, duracao_s: seconds(visit.inicio, visit.fim) })),
      source: "history",
    },
  }),

  /** The state of which this is the rendering, to go on from it; `render` puts what it derives anew. */
  resume: ({ cursor, progress }) => ({
    ...progress,
    cursor,
    started: progress.timestamp_inicio,
    updated: progress.timestamp_atualizacao,
    estimate: progress.estimativas.dados,
    result: progress.resultados_finais.dados,
  }),
};

function advance(state, data, at) {
  const [etapa, titulo] = [String(data.etapa ?? ""), String(data.titulo ?? "")];
  state.status = ["queued", "paused"].includes(data.status) ? data.status : "running";
  for (const name of ["etapa_atual", "total_etapas"]) if (name in data) state[name] = data[name];
  state.percentual = Math.max(state.percentual, data.percentual ?? 0);
  state.restante_s = data.restante_s ?? null;
  state.fila = state.status === "queued" ? (data.fila ?? null) : null;
  if (Array.isArray(data.assumidas)) state.assumidas = data.assumidas;
  if (data.fase === "entrou") state.timeline = kept(state.timeline, { etapa, titulo, inicio: at, fim: null });
  if (data.fase === "concluiu") state.timeline = leave(state.timeline, etapa, titulo, at);
}

function leave(timeline, etapa, titulo, fim) {
  const index = timeline.findLastIndex((visit) => visit.etapa === etapa && visit.fim === null);
  if (index < 0) return kept(timeline, { etapa, titulo, inicio: null, fim });
  return timeline.map((visit, place) => (place === index ? { ...visit, fim } : visit));
}

function fail(state, data, at) {
  const { tipo = null, mensagem = null, sugestao = null } = data;
  state.erros = kept(state.erros, { tipo, mensagem, sugestao, timestamp: at });
  if (data.final === true) finish(state, tipo === "cancelado" ? "cancelled" : "failed");
}

function finish(state, status) {
  Object.assign(state, { status, restante_s: null, fila: null });
}

function kept(list, item) {
  return [...list, item].slice(-KEPT);
}

function seconds(start, end) {
  return start === null || end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;
}
