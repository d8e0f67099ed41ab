/* andamento.js: the visitor's window on a running quote. Usage, once, at the end of a page:
 * <script src="https://SERVICE/snippet/andamento.js" data-form="#cotacao" defer></script>
 * Put together from src/*.mjs by build.py; change it there. */
(() => {
"use strict";
const KEPT = 10;
const TERMINAL = ["completed", "failed", "cancelled"];
const fold = {
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
const LABELS = {
  nome: "Nome completo",
  cpf: "CPF",
  placa: "Placa",
  cep: "CEP",
  email: "E-mail",
  celular: "Celular com DDD",
  data_nascimento: "Data de nascimento",
  sexo: "Sexo",
  estado_civil: "Estado civil",
};
const CHOICES = {
  sexo: ["Feminino", "Masculino"],
  estado_civil: ["Solteiro", "Casado ou União Estável", "Divorciado", "Separado", "Viúvo"],
};
const ALIASES = {
  data_de_nascimento: "data_nascimento",
  nascimento: "data_nascimento",
  ddd: "ddd_celular",
  ddd_telefone: "ddd_celular",
  e_mail: "email",
  nome_completo: "nome",
  telefone: "celular",
  whatsapp: "celular",
};
const WITHOUT_ANSWER = ["submit", "button", "reset", "image", "file", "password"];
const TRACKING = /^(utm_|gclid|gbraid|wbraid|fbclid|fbp$|fbc$|msclkid|g_recaptcha|cf_turnstile)/;
function plain(text) {
  return String(text ?? "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
}
function readForm(form) {
  const answers = {};
  for (const field of form.elements) {
    const name = answerName(field.name);
    if (!name || field.disabled || !isAnswer(name, field)) continue;
    if (field.type === "checkbox") answers[name] = field.checked;
    else if (field.value.trim()) answers[name] = field.value.trim();
  }
  const { ddd_celular: ddd, ...rest } = answers;
  if (ddd && digits(rest.celular).length < 10) rest.celular = digits(ddd) + digits(rest.celular);
  return rest;
}
function answerName(given) {
  const name = plain(given).replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return ALIASES[name] ?? name;
}
function isAnswer(name, { type, checked }) {
  if (TRACKING.test(name) || WITHOUT_ANSWER.includes(type)) return false;
  return type === "hidden" ? name in LABELS : type !== "radio" || checked;
}
function digits(text) {
  return String(text ?? "").replace(/\D/g, "");
}
const seams = {
  fetch: (...request) => globalThis.fetch(...request),
  EventSource: globalThis.EventSource,
  times: {
    first: 3000,
    silence: 45000,
    hold: 25000,
    poll: 1500,
    backoff: 1000,
    longest: 20000,
    start: 20000,
    door: 125000,
    lost: 3000,
    speak: 10000,
  },
};
const CLOSED = 2;
const GONE = [401, 403, 404, 410];
const WORDLESS_STREAMS = 3;
class Feed {
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
  constructor(session, listener) {
    this.#session = session;
    this.#listener = listener;
    this.#shown = session.snapshot?.cursor ?? 0;
  }
  stop() {
    this.#renew();
  }
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
    hear("end", () => this.#retry());
  }
  #receive(text) {
    const event = JSON.parse(text);
    if (event.session_id !== this.#session.session_id || event.seq <= this.#state.cursor) return;
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
      const idle = this.#shown === before && performance.now() - asked < first;
      const pause = snapshot ? (idle ? poll : 0) : this.#backoff();
      await new Promise((resume) => this.#later(pause, resume));
    }
  }
  async #ask(query = {}) {
    const request = (this.#request = new AbortController());
    const limit = this.#later(seams.times.hold + seams.times.start, () => request.abort());
    try {
      const url = address(this.#session.progress_url, query);
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
const STYLE = `
:host { all: initial !important; display: contents !important; }
*, *::before, *::after { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
ul, ol { list-style: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
dialog {
  --cor: var(--andamento-cor, #1b55c0); --ink: #16213a; --soft: #566079; --line: #e2e7f0; --wash: #f5f7fb;
  --ok: #0b7a4b; --warn: #8a4b00; --bad: #b3261e;
  position: fixed; inset: 0; margin: auto; width: min(820px, 100vw - 48px); max-width: none;
  height: fit-content; max-height: 92vh; max-height: min(760px, 100dvh - 48px); border: 0; border-radius: 20px;
  overflow: hidden; background: #fff; color: var(--ink); line-height: 1.5; box-shadow: 0 24px 80px #0b153060;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
dialog[open] { display: flex; flex-direction: column; }
dialog[data-kind="run"], dialog[data-kind="done"] { height: 100%; }
dialog::backdrop { background: #0b1530a6; }
header { display: flex; align-items: center; justify-content: space-between; padding: 8px 12px 8px 28px;
  border-bottom: 1px solid var(--line); font-size: .9em; font-weight: 600; color: var(--soft); }
.body { flex: 1; overflow: auto; overscroll-behavior: contain; padding: 28px; display: flex;
  flex-direction: column; gap: 24px; }
footer { display: flex; flex-wrap: wrap; gap: 8px 12px; justify-content: flex-end; padding: 12px 28px;
  border-top: 1px solid var(--line); }
svg { width: 1.15em; height: 1.15em; flex: none; vertical-align: -.2em; fill: none; stroke: currentColor;
  stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
svg.sim { color: var(--ok); }
svg.nao { color: var(--soft); }
h2 { font-size: 1.55em; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h3 { font-size: 1em; }
h4 { font-size: .95em; }
.text { margin-top: 6px; color: var(--soft); }
.soft { color: var(--soft); font-size: .9em; }
.step { margin-bottom: 4px; font-size: .85em; font-weight: 600; color: var(--cor); }
.hint { margin-top: 16px; padding: 12px 16px; border-radius: 12px; background: var(--wash); }
.head { display: grid; grid-template-columns: auto minmax(0, 1fr); }
.head > * { grid-column: 2; }
.head > .hint, .head > .gauge, .head > .link { grid-column: 1 / -1; }
.head > .badge { grid-area: 1 / 1 / span 3; display: grid; place-items: center; width: 52px; height: 52px;
  margin-right: 16px; border-radius: 50%; font-size: 1.4em; color: var(--cor);
  background: #eef2f8; background: color-mix(in srgb, var(--cor) 12%, #fff); }
.badge svg { color: inherit; }
[data-kind="done"] .badge { color: var(--ok); background: #e4f4ec; }
[data-kind="failed"] .badge, [data-kind="wait"] .badge { color: var(--warn); background: #fdf1dd; }
[data-kind="cancelled"] .badge { color: var(--soft); background: var(--wash); }
.gauge { margin-top: 20px; }
.bar { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; min-width: 10px; border-radius: 5px; background: var(--cor);
  transition: width .6s ease; }
.bar:not([aria-valuenow]) i { animation: sway 3s ease-in-out infinite alternate; }
@keyframes sway { to { margin-left: 97%; } }
.figures { display: flex; justify-content: space-between; gap: 16px; margin-top: 8px; font-size: .9em;
  color: var(--soft); }
.percent { order: 1; font-weight: 600; color: var(--ink); }
.percent, .price, .span, dd { font-variant-numeric: tabular-nums; }
.link { margin-top: 10px; font-size: .9em; font-weight: 600; color: var(--warn); }
.link.up { color: var(--ok); }
.story { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 24px 28px; align-items: start; }
.story h3 { margin-bottom: 12px; }
.estimate { padding: 20px; border-radius: 16px; background: var(--wash); }
.covers { display: grid; gap: 20px; }
.covers > li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 12px; }
.span { font-weight: 600; white-space: nowrap; }
.range, .benefits { width: 100%; }
.range { position: relative; height: 8px; margin: 4px 0; border-radius: 4px; background: var(--line); }
.range i { position: absolute; top: 0; bottom: 0; border-radius: 4px; background: var(--cor); }
.benefits { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .85em; color: var(--soft); }
.note { margin-top: 16px; font-size: .9em; color: var(--soft); }
.covers > .ghost { height: 8px; margin: 4px 0; border-radius: 4px; background: var(--line);
  animation: breathe 2s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .45; } }
.steps { grid-area: 1 / 2 / span 2; }
summary { padding: 11px 0; font-size: .92em; font-weight: 600; cursor: pointer; }
.trail li { display: flex; gap: 10px; align-items: center; padding: 7px 0; font-size: .92em; }
.trail li + li { border-top: 1px solid var(--line); }
.trail span { flex: 1; }
.trail small { font-size: .9em; color: var(--soft); white-space: nowrap; }
.trail .now { font-weight: 600; }
.trail .now i { width: .6em; height: .6em; margin: 0 .28em; border-radius: 50%; background: var(--cor);
  animation: breathe 1s ease-in-out infinite alternate; }
.panel:empty { display: none; }
.plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 16px; }
.plan { padding: 20px; border: 1px solid var(--line); border-radius: 16px; }
.plan.best { border: 2px solid var(--cor); padding: 19px; }
.plan.best h3 { color: var(--cor); }
.price { font-size: 1.9em; font-weight: 700; line-height: 1.3; letter-spacing: -.02em; }
.price small { margin-left: .4em; font-size: .45em; font-weight: 400; letter-spacing: 0; color: var(--soft); }
dl { margin-top: 12px; }
dl div { display: flex; justify-content: space-between; gap: 16px; padding: 8px 0;
  border-top: 1px solid var(--line); font-size: .92em; }
dt { color: var(--soft); }
dd { font-weight: 600; text-align: right; }
dd svg { margin-right: .3em; }
dd small { display: block; font-weight: 400; color: var(--soft); }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 18px; }
.field { display: flex; flex-direction: column; gap: 6px; }
.field label { font-size: .9em; font-weight: 600; }
.field input, .field select { width: 100%; height: 48px; padding: 0 14px; border: 1.5px solid #b9c1d0;
  border-radius: 12px; background: #fff; font: inherit; color: inherit; }
.field [aria-invalid="true"] { border-color: var(--bad); }
.field small { font-size: .88em; color: var(--bad); }
button, .call { user-select: none; min-height: 44px; padding: 0 18px; border: 0; border-radius: 12px; background: none;
  font: inherit; font-weight: 600; line-height: 44px; color: var(--soft); text-decoration: none; cursor: pointer; }
button:hover, .call:hover { background: var(--wash); color: var(--ink); }
button.main { order: 1; padding: 0 24px; background: var(--cor); color: #fff; }
button.main:hover { filter: brightness(.92); }
button:disabled { opacity: .6; cursor: default; }
button.x { width: 44px; padding: 0; font-size: 1.1em; }
:focus-visible { outline: 3px solid var(--cor); outline-offset: 2px; }
h2:focus-visible { outline: 0; }
@media (max-width: 640px) {
  dialog, dialog[data-kind] { width: 100vw; height: 100vh; height: 100dvh; max-height: none; border-radius: 0; }
  header { padding-left: 20px; }
  .body { padding: 20px; gap: 20px; }
  .story { grid-template-columns: minmax(0, 1fr); }
  .estimate { padding: 16px; }
  .steps { grid-area: auto; }
  footer { padding: 10px 20px; }
  footer > * { flex: 1 0 auto; text-align: center; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
const ROWS = {
  valor_franquia: "Franquia",
  valor_mercado: "Valor de mercado",
  assistencia: "Assistência",
  vidros: "Vidros",
  carro_reserva: "Carro reserva",
  danos_materiais: "Danos materiais",
  danos_corporais: "Danos corporais",
  danos_morais: "Danos morais",
  morte_invalidez: "Morte ou invalidez",
};
const PATHS = {
  sim: "M5.5 12.5l4.5 4.5 8.5-9.5",
  nao: "M7 7l10 10M17 7L7 17",
  alerta: "M12 6.5v7M12 17.3v.2",
  pessoa: "M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 19.5c.8-3.6 3.6-5 7-5s6.2 1.4 7 5",
};
const COVERED = /^(ok|sim|true|inclu[ií]d[oa])$/i;
const NOT_COVERED = /^(nok|n[aã]o|false|n[aã]o inclu[ií]d[oa])$/i;
const DOUBTED = {
  placa_desconhecida: ["placa"],
  veiculo_diferente: ["placa"],
  cpf_recusado: ["cpf"],
  endereco_nao_encontrado: ["cep"],
  campo_recusado: Object.keys(LABELS),
  respostas_invalidas: Object.keys(LABELS),
};
const FUTILE = ["sem_navegador", "site_mudou", "sem_conta", "login_recusado"];
const NUMERIC = ["cpf", "cep", "celular"];
function h(tag, attributes, ...kids) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...kids.flat().filter((kid) => kid || kid === 0));
  return node;
}
function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", name);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
function scene({ status, mensagem, erros, etapa_atual, total_etapas, fila, timeline, resultados_finais }) {
  const text = mensagem;
  if (status === "completed") {
    const { desfecho, proximo_passo: hint } = resultados_finais.dados;
    if (desfecho === "cotacao_manual")
      return { kind: "manual", badge: "pessoa", title: "Sua cotação segue com um especialista", text, hint };
    return { kind: "done", badge: "sim", title: "Sua cotação está pronta", text };
  }
  if (status === "cancelled")
    return { kind: "cancelled", badge: "nao", title: "Cotação cancelada", text: "Nada foi contratado." };
  if (status === "failed") {
    const { tipo, sugestao: hint } = erros.at(-1) ?? {};
    const title = "Não foi possível concluir a cotação";
    return { kind: "failed", badge: "alerta", title, text, hint, doubted: DOUBTED[tipo], futile: FUTILE.includes(tipo) };
  }
  const step = etapa_atual && total_etapas ? `Etapa ${etapa_atual} de ${total_etapas}` : "";
  return { kind: "run", step, title: heading(status, fila, etapa_atual && timeline.at(-1)), text };
}
function heading(status, fila, screen) {
  if (status === "queued") return fila ? "Sua cotação está na fila" : "Preparando sua cotação";
  if (status === "paused") return "Sua cotação está em pausa";
  return screen?.titulo || "Começando sua cotação";
}
function outlook({ fila, restante_s: span }) {
  if (fila?.posicao) {
    const place = `${fila.posicao}ª posição na fila`;
    return fila.espera_s ? `${place}, cerca de ${length(fila.espera_s)}` : place;
  }
  if (!Array.isArray(span)) return "";
  if (span[1] <= 60) return "Falta menos de 1 minuto";
  const [low, high] = span.map((seconds) => Math.max(1, Math.ceil(seconds / 60)));
  return low < high ? `Faltam de ${low} a ${high} minutos` : `Faltam cerca de ${high} minutos`;
}
function length(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)}\u00a0s` : `${Math.ceil(seconds / 60)}\u00a0min`;
}
function trail(visits, running) {
  return visits.reverse().map(({ titulo, etapa, fim, duracao_s: seconds }, age) => {
    const now = running && !fim && !age;
    const open = now ? [h("i"), "agora"] : [icon("nao"), "parou aqui"];
    const [mark, note] = fim ? [icon("sim"), seconds !== null && length(Math.max(1, seconds))] : open;
    return h("li", { class: now ? "now" : "past" },
      mark, h("span", {}, titulo || `Etapa ${etapa}`), h("small", {}, note));
  });
}
function coverages({ coberturas_detalhadas: list = [] }) {
  const ends = (name) => list.map(({ valores }) => valores?.[name]).filter(Number.isFinite);
  const low = Math.min(...ends("de_centavos"));
  const wide = Math.max(...ends("ate_centavos")) - low;
  return list.map(({ nome_cobertura, valores = {}, beneficios = [] }) =>
    h("li", {},
      h("h4", {}, nome_cobertura),
      h("p", { class: "span" }, valores.de && `${whole(valores.de)} a ${whole(valores.ate)}`),
      range((valores.de_centavos - low) / wide, (valores.ate_centavos - low) / wide),
      h("ul", { class: "benefits" }, beneficios.map(({ nome, status }) =>
        h("li", {}, icon(status === "incluido" ? "sim" : "nao"), nome,
          status !== "incluido" && h("span", { class: "unseen" }, " (não incluído)"))))),
  );
}
function range(from, to) {
  const bar = h("i");
  bar.style.left = `${100 * from}%`;
  bar.style.width = `${100 * (to - from)}%`;
  return h("div", { class: "range", "aria-hidden": "true", hidden: !(to > from) }, bar);
}
function whole(price) {
  return String(price ?? "").replace(/,00$/, "");
}
function plan({ plano, valor, parcelamento, forma_pagamento, tipo_franquia, ...rest }, best) {
  const told = (name) => ["string", "number", "boolean"].includes(typeof rest[name]) && rest[name] !== "";
  const names = [...new Set([...Object.keys(ROWS), ...Object.keys(rest)])].filter(told);
  return h("article", { class: best ? "plan best" : "plan" },
    h("h3", {}, plano || (best ? "Plano recomendado" : "Plano alternativo")),
    h("p", { class: "price" }, unbroken(valor), h("small", {}, parcelamento)),
    h("p", { class: "soft" }, unbroken(forma_pagamento)),
    h("dl", {}, names.filter((name) => !name.endsWith("_centavos")).map((name) =>
      row(ROWS[name] ?? readable(name), cell(rest[name]),
        name === "valor_franquia" && tipo_franquia && h("small", {}, tipo_franquia)))),
  );
}
function row(name, ...said) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, ...said));
}
function cell(value) {
  if (value === true || COVERED.test(value)) return [icon("sim"), "Incluído"];
  if (value === false || NOT_COVERED.test(value)) return [icon("nao"), "Não incluído"];
  return [unbroken(value)];
}
function unbroken(text) {
  return String(text ?? "").replace(/R\$\s*/g, "R$\u00a0");
}
function field(name, problem, value) {
  const about = { id: name, name, "aria-invalid": String(Boolean(problem)), "aria-describedby": `${name}-erro` };
  const option = (text) =>
    h("option", { value: text, selected: plain(text) === plain(value) }, text || "Selecione");
  const input = CHOICES[name]
    ? h("select", about, ["", ...CHOICES[name]].map(option))
    : h("input", { ...about, value, inputmode: NUMERIC.includes(name) ? "numeric" : null, autocomplete: "on" });
  return h("div", { class: "field" },
    h("label", { for: name }, LABELS[name] ?? readable(name)),
    input,
    h("small", { id: `${name}-erro` }, problem));
}
function readable(name) {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}
const PAUSE_S = 15;
const WAITING = {
  offline: {
    title: "Sem conexão com o serviço de cotação",
    text: "Confira sua internet e tente de novo. O que você preencheu continua aqui.",
  },
  full: { title: "Muita gente cotando agora", text: "O que você preencheu continua aqui. Tente de novo em alguns instantes." },
  refused: { title: "Não foi possível começar a cotação", text: "Tente de novo em alguns instantes." },
  gone: { title: "Esta cotação não está mais disponível", text: "Você pode começar outra agora mesmo." },
};
class AndamentoModal extends (globalThis.HTMLElement ?? Object) {
  static fold = fold;
  static seams = seams;
  #root = this.attachShadow({ mode: "open" });
  #dialog = null;
  #part = {};
  #pose = null;
  #answers = null;
  #key = null;
  #session = null;
  #feed = null;
  #outcome = null;
  #visits = new Map();
  #told = {};
  #turn = 0;
  #timers = {};
  #spokenAt = -Infinity;
  #patience = 0;
  #offline = false;
  #onSubmit = (event) => this.#submit(event);
  #onOnline = () => this.#offline && this.#dialog.open && this.#resume();
  connectedCallback() {
    if (!this.#dialog) this.#build();
    document.addEventListener("submit", this.#onSubmit, true);
    window.addEventListener("online", this.#onOnline);
  }
  disconnectedCallback() {
    document.removeEventListener("submit", this.#onSubmit, true);
    window.removeEventListener("online", this.#onOnline);
    this.#stop();
  }
  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
    if (this.#session && !this.#outcome) this.#feed.follow();
  }
  close() {
    this.#dialog.close();
  }
  #submit({ target }) {
    if (!(target instanceof HTMLFormElement) || !target.matches(this.dataset.form)) return;
    const answers = readForm(target);
    const known = same(answers, this.#answers);
    if (known && this.#dialog.open) return;
    if (known && this.#session && [null, "completed"].includes(this.#outcome)) this.open();
    else this.#start(answers);
  }
  async #start(answers, byItself) {
    if (!this.#key || this.#outcome || !same(answers, this.#answers)) this.#key = newKey();
    this.#stop();
    this.#forget();
    this.#answers = answers;
    const turn = this.#turn;
    if (!byItself) {
      this.#patience = 0;
      this.#show("start", { kind: "run", title: "Preparando sua cotação", text: "Enviando seus dados…" });
      this.open();
    }
    const response = await this.#send("/api/rpa/start", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": this.#key },
      body: JSON.stringify(answers),
    });
    if (turn === this.#turn) this.#started(response);
  }
  #started(response) {
    if (!response) return this.#apologise("offline");
    const { ok, status, wait, body } = response;
    if (ok && body.session_id) this.#follow(body);
    else if (status === 422 && body.campos) this.#correct(body.campos, "Confira estes dados");
    else if (status === 429 || status === 503) this.#wait(wait);
    else this.#apologise("refused", body.error);
  }
  async #send(path, request) {
    try {
      const signal = AbortSignal.timeout?.(seams.times.start);
      const headers = { ...request.headers, "accept-language": "pt-BR" };
      const response = await seams.fetch(new URL(path, this.dataset.api), { ...request, headers, signal });
      const wait = Number(response.headers.get("retry-after")) || PAUSE_S;
      const body = await response.json().catch(() => ({}));
      return { ok: response.ok, status: response.status, wait, body };
    } catch {
      return null;
    }
  }
  #apologise(cause, text = WAITING[cause].text) {
    this.#offline = cause === "offline";
    const actions = [this.#again("Tentar de novo"), this.#call()];
    this.#show(cause, { kind: "wait", badge: "alerta", title: WAITING[cause].title, text, actions });
  }
  #wait(seconds) {
    const until = performance.now() + seconds * 1000;
    this.#patience ||= performance.now() + seams.times.door;
    if (until > this.#patience) return this.#apologise("full");
    const actions = [this.#again("Tentar agora"), this.#call()];
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) return this.#start(this.#answers, true);
      const text = `Há fila na entrada. O que você preencheu continua aqui. Tentamos de novo em ${length(left)}.`;
      this.#show("busy", { kind: "wait", badge: "pessoa", title: WAITING.full.title, text, actions });
      this.#timers.wait = setTimeout(tick, 1000);
    };
    tick();
  }
  #correct(problems, title) {
    const fields = Object.entries(problems).map(([name, words]) => field(name, words, this.#answers[name]));
    const submit = (event) => {
      event.preventDefault();
      const given = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
      this.#start({ ...this.#answers, ...Object.fromEntries(given) });
    };
    const enter = h("button", { class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    const form = h("form", { class: "fields", novalidate: true, submit }, fields, enter);
    const actions = [button("Continuar", () => form.requestSubmit(), "main"), this.#call()];
    const text = "Depois de corrigir, sua cotação começa em seguida.";
    this.#show(Symbol("fields"), { kind: "fields", title, text, panel: [form], actions });
    form.querySelector("input, select")?.focus();
  }
  #follow(session) {
    this.#session = session;
    this.#feed = new Feed(session, {
      snapshot: (snapshot) => this.#receive(snapshot),
      link: (up) => this.#link(up),
      gone: () => {
        this.#outcome = "gone";
        this.#apologise("gone");
      },
    });
    if (session.snapshot?.progress) this.#receive(session.snapshot);
    if (!this.#outcome) this.#feed.follow();
  }
  #resume() {
    if (!this.#session) this.#start(this.#answers);
    else if (!this.#outcome) this.#feed.follow();
  }
  #receive({ progress, terminal }) {
    this.#outcome = terminal ? progress.status : null;
    this.#link(true);
    const { dados: estimate } = progress.estimativas;
    const { dados: result } = progress.resultados_finais;
    this.#paint(progress, estimate);
    const shown = scene(progress);
    this.#show(shown.kind, { ...shown, panel: plans(result ?? {}), actions: this.#actions(shown) });
    this.#tell("progress", progress);
    if (estimate) this.#tell("estimate", estimate);
    if (result) this.#tell("result", result);
    else if (terminal) this.#tell("failure", progress.erros.at(-1));
  }
  async #cancel(pressed) {
    pressed.disabled = true;
    pressed.textContent = "Cancelando…";
    const { session_id: id, token } = this.#session;
    const headers = { authorization: `Bearer ${token}` };
    const response = await this.#send(`/api/rpa/sessions/${id}`, { method: "DELETE", headers });
    if (response?.ok || response?.status === 409) return;
    pressed.disabled = false;
    pressed.textContent = "Não deu certo. Cancelar de novo";
  }
  #stop() {
    this.#turn += 1;
    this.#feed?.stop();
    this.#offline = false;
    this.#part.link.hidden = true;
    Object.values(this.#timers).forEach((timer) => clearTimeout(timer));
  }
  #forget() {
    [this.#session, this.#feed, this.#outcome, this.#told] = [null, null, null, {}];
    this.#visits.clear();
    this.#part.covers.replaceChildren(...Array.from({ length: 3 }, () => h("li", { class: "ghost" })));
    this.#paint(fold.render(fold.empty()).progress, null);
  }
  #build() {
    const part = (name, tag, attributes, ...kids) =>
      (this.#part[name] = h(tag, { class: name, ...attributes }, ...kids));
    const close = h("button", { class: "x", type: "button", "aria-label": "Fechar", click: () => this.close() });
    close.append(icon("nao"));
    const gauge = { role: "progressbar", "aria-label": "Andamento", "aria-valuemin": "0", "aria-valuemax": "100" };
    this.#dialog = h("dialog", { "aria-labelledby": "titulo", close: () => this.#closed() },
      h("header", {}, h("span", {}, "Sua cotação"), close),
      part("body", "div", {},
        h("div", { class: "head" },
          part("badge", "div"), part("step", "p"),
          part("title", "h2", { id: "titulo", tabindex: "-1", autofocus: true }),
          part("text", "p"), part("hint", "p"),
          part("gauge", "div", {},
            part("bar", "div", gauge, part("fill", "i")),
            h("p", { class: "figures" }, part("percent", "span"), part("outlook", "span"))),
          part("link", "p", { hidden: true })),
        part("panel", "div"),
        part("story", "div", {},
          part("estimate", "section", {},
            h("h3", {}, "Estimativa inicial"), part("covers", "ul"), part("note", "p")),
          part("assumed", "details", {},
            h("summary", {}, "O que consideramos na sua cotação"),
            h("p", { class: "soft" },
              "O formulário não perguntou isto, então usamos o mais comum. O corretor pode ajustar."),
            part("given", "dl")),
          part("steps", "section", {}, h("h3", {}, "Etapas"), part("trail", "ol")))),
      part("foot", "footer"),
      part("live", "p", { class: "unseen", "aria-live": "polite" }));
    this.#dress();
    this.#root.append(this.#dialog);
  }
  #dress() {
    if (!("adoptedStyleSheets" in document)) return void this.#root.append(h("style", {}, STYLE));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
  }
  #show(pose, { kind, badge, step, title, text, hint, panel = [], actions = [] }) {
    const part = this.#part;
    if (part.title.textContent !== title) this.#speak(title, kind === "run");
    for (const [name, words] of Object.entries({ step, title, text, hint })) {
      part[name].textContent = words ?? "";
      part[name].hidden = !words;
    }
    if (pose === this.#pose) return;
    this.#pose = pose;
    this.#dialog.dataset.kind = kind;
    part.badge.hidden = !badge;
    part.badge.replaceChildren(badge ? icon(badge) : "");
    part.gauge.hidden = kind !== "run";
    part.story.hidden = ["wait", "fields"].includes(kind);
    part.panel.replaceChildren(...panel);
    part.foot.replaceChildren(...actions.filter(Boolean));
    part.foot.hidden = !actions.length;
    part.body.scrollTop = 0;
    if (this.#dialog.open && !this.#root.activeElement) part.title.focus();
  }
  #paint(progress, estimate) {
    const { percent, outlook: line, bar, fill, covers, note, estimate: section, steps, trail: list } = this.#part;
    const { assumed, given } = this.#part;
    const { assumidas: rows = [] } = progress;
    const share = Math.round(progress.percentual);
    const queued = progress.status === "queued";
    percent.textContent = queued ? "\u00a0" : `${share}%`;
    line.textContent = outlook(progress);
    fill.style.width = `${share}%`;
    bar[queued ? "removeAttribute" : "setAttribute"]("aria-valuenow", share);
    for (const visit of progress.timeline) this.#visits.set(`${visit.etapa} ${visit.inicio ?? visit.fim}`, visit);
    list.replaceChildren(...trail([...this.#visits.values()], !queued && !this.#outcome));
    steps.hidden = !this.#visits.size;
    assumed.hidden = !rows.length;
    if (given.childElementCount !== rows.length)
      given.replaceChildren(...rows.map(({ titulo, valor }) => row(titulo, valor)));
    section.hidden = !estimate && this.#outcome !== null;
    note.textContent = estimate
      ? "Valores aproximados. O preço final depende do seu perfil."
      : "A primeira estimativa de preço aparece aqui.";
    if (estimate && !same(estimate, this.#told.estimate)) covers.replaceChildren(...coverages(estimate));
  }
  #actions({ kind, text, doubted, futile }) {
    if (kind === "run") return [button("Cancelar cotação", ({ target }) => this.#cancel(target))];
    if (doubted) {
      const problems = Object.fromEntries(doubted.map((name) => [name, doubted.length > 1 ? "" : text]));
      return [button("Corrigir meus dados", () => this.#correct(problems, "Confira seus dados"), "main"), this.#call()];
    }
    const ended = kind === "failed" || kind === "cancelled";
    if (ended && !futile) return [this.#again("Cotar de novo"), this.#call()];
    return [button("Fechar", () => this.close(), "main"), this.#call()];
  }
  #again(words) {
    return button(words, () => this.#start(this.#answers), "main");
  }
  #call() {
    const { telefone } = this.dataset;
    return telefone && h("a", { class: "call", href: `tel:${telefone.replace(/[^+\d]/g, "")}` }, `Ligar ${telefone}`);
  }
  #link(up) {
    if (this.#offline === !up) return;
    this.#offline = !up;
    clearTimeout(this.#timers.link);
    const { link } = this.#part;
    const say = (text) => {
      link.textContent = text;
      link.hidden = !text;
      link.classList.toggle("up", up);
      if (text) this.#speak(text, true);
    };
    if (up && link.hidden) return;
    if (up) say("Conexão de volta.");
    const next = up ? "" : "Conexão perdida. Sua cotação continua; estamos reconectando.";
    this.#timers.link = setTimeout(say, seams.times.lost, next);
  }
  #speak(text, patient) {
    clearTimeout(this.#timers.speak);
    const wait = patient ? Math.max(0, this.#spokenAt + seams.times.speak - performance.now()) : 0;
    this.#timers.speak = setTimeout(() => {
      this.#spokenAt = performance.now();
      this.#part.live.textContent = text;
    }, wait);
  }
  #tell(name, detail) {
    if (same(detail, this.#told[name])) return;
    this.#told[name] = detail;
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
  #closed() {
    this.#stop();
    this.dispatchEvent(new CustomEvent("close", { bubbles: true }));
  }
}
function plans({ plano_recomendado: first, plano_alternativo: second }) {
  const both = [first && plan(first, true), second && plan(second, false)];
  return first ? [h("div", { class: "plans" }, both)] : [];
}
function button(text, click, look = "quiet") {
  return h("button", { type: "button", class: look, click }, text);
}
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
const NAME = "andamento-modal";
if (globalThis.document) boot(document.currentScript);
function boot(script) {
  if (!customElements.get(NAME)) customElements.define(NAME, AndamentoModal);
  if (document.readyState !== "loading") place(script);
  else document.addEventListener("DOMContentLoaded", () => place(script), { once: true });
}
function place(script) {
  const { form, api = script?.src, telefone } = script?.dataset ?? {};
  const [problem, origin] = [formProblem(form), originOf(api)];
  if (problem) return complain(problem);
  if (!origin) return complain(`data-api="${api}" não é um endereço http(s).`);
  if ([...document.querySelectorAll(NAME)].some((element) => element.dataset.form === form)) return;
  const element = document.createElement(NAME);
  Object.assign(element.dataset, { form, api: origin }, telefone && { telefone });
  document.body.append(element);
}
function formProblem(form) {
  if (!form) return 'falta o atributo data-form="#formulario" na tag do script.';
  try {
    if (document.querySelector(form) instanceof HTMLFormElement) return null;
    return `data-form="${form}" não aponta para nenhum <form> desta página.`;
  } catch {
    return `data-form="${form}" não é um seletor CSS válido.`;
  }
}
function originOf(address) {
  try {
    const { origin, protocol } = new URL(address);
    return protocol.startsWith("http") ? origin : null;
  } catch {
    return null;
  }
}
function complain(problem) {
  console.error(`andamento.js: ${problem} A cotação ao vivo não foi ligada; o resto da página segue igual.`);
}
if (typeof module === "object" && module.exports) module.exports = { fold };
})();
