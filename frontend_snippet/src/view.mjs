/* The view: data become nodes, and nothing but text nodes.
 *
 * 1. No markup is ever parsed: a message that holds `<img onerror=…>` is shown as these letters.
 * 2. Unknown fields get a readable label, missing ones no row: the visitor never reads "undefined".
 * 3. Lengths and colours go through the object model: a style attribute may be barred by the site's policy.
 */
import { ANSWERS, choicesOf, labelOf, readable } from "./form.mjs";
import { ROWS, say } from "./words.mjs";

const PATHS = {
  sim: "M5.5 12.5l4.5 4.5 8.5-9.5",
  nao: "M7 7l10 10M17 7L7 17",
  menos: "M6 17h12",
  alerta: "M12 6.5v7M12 17.3v.2",
  pessoa: "M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 19.5c.8-3.6 3.6-5 7-5s6.2 1.4 7 5",
};
const COVERED = /^(ok|sim|true|inclu[ií]d[oa])$/i;
const NOT_COVERED = /^(nok|n[aã]o|false|n[aã]o inclu[ií]d[oa])$/i;
// After these errors it is the answers that want another look …
const DOUBTED = {
  placa_desconhecida: ["placa"],
  veiculo_diferente: ["placa"],
  cpf_recusado: ["cpf"],
  endereco_nao_encontrado: ["cep"],
  campo_recusado: ANSWERS,
  respostas_invalidas: ANSWERS,
};
// … and after these another try would end the same way.
const FUTILE = ["sem_navegador", "site_mudou", "sem_conta", "login_recusado"];
const NUMERIC = ["cpf", "cep", "celular"];
// A plan's fields that have a place of their own.
const NOT_ROWS = /^(plano|valor|parcelamento|forma_pagamento|tipo_franquia)$|_centavos$/;
// More heads than these are not counted at a glance.
const CROWD = 8;

/** A node: attributes as given, functions as listeners, kids as nodes or text. */
export function h(tag, attributes, ...kids) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...kids.flat().filter((kid) => kid || kid === 0));
  return node;
}

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", name);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** What the head of the dialog says about a snapshot's progress. */
export function scene({ status, mensagem: text, erros, etapa_atual: at, total_etapas: all, fila, timeline, resultados_finais }) {
  if (status === "completed") {
    const { desfecho, proximo_passo: hint } = resultados_finais.dados;
    if (desfecho === "cotacao_manual") return { kind: "manual", badge: "pessoa", title: say("manual"), text, hint };
    return { kind: "done", badge: "sim", title: say("done"), text };
  }
  if (status === "cancelled") return { kind: "cancelled", badge: "nao", title: say("cancelled"), text: say("nothing") };
  if (status === "failed") {
    const { tipo, sugestao: hint } = erros.at(-1) ?? {};
    const title = say("failed");
    return { kind: "failed", badge: "alerta", title, text, hint, doubted: DOUBTED[tipo], futile: FUTILE.includes(tipo) };
  }
  const step = at && all ? say("step", at, all) : "";
  // The site's own calculation takes minutes, and nothing happens while it lasts.
  const hint = status === "running" && step && at >= all && say("longest");
  return { kind: "run", step, title: heading(status, fila, at && timeline.at(-1)), text: hint || text };
}

function heading(status, fila, screen) {
  if (status === "paused") return say("paused");
  return (status !== "queued" && screen?.titulo) || say(fila ? "queued" : "preparing");
}

/** The line beneath the bar: the place in the queue, or the time that remains. */
export function outlook({ fila, restante_s: span }) {
  if (fila?.posicao) return say("place", fila.posicao) + (fila.espera_s ? say("wait", length(fila.espera_s)) : "");
  if (!Array.isArray(span)) return "";
  if (span[1] <= 60) return say("minute");
  const [low, high] = span.map((seconds) => Math.max(1, Math.ceil(seconds / 60)));
  return low < high ? say("between", low, high) : say("minutes", high);
}

export function length(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)}\u00a0s` : `${Math.ceil(seconds / 60)}\u00a0min`;
}

/** The way on the bar: a piece for each screen, filled as far as the run has come; or the people in line. */
export function way(bar, { status, fila, etapa_atual: at, total_etapas, percentual }) {
  const all = status !== "queued" && total_etapas;
  const place = fila?.posicao;
  const count = place ? Math.min(place, CROWD) : all || 1;
  if (bar.childElementCount !== count || bar.classList.contains("people") !== Boolean(place))
    bar.replaceChildren(...Array.from({ length: count }, () => h("b", {}, place ? icon("pessoa") : h("i"))));
  bar.classList.toggle("people", Boolean(place));
  [...bar.children].forEach((piece, index) => {
    const now = index + 1 === (place ? count : at);
    piece.classList.toggle("now", now);
    if (place) return;
    // What lies behind is as wide as its share of the time, what lies ahead has the rest.
    const past = index + 1 < at;
    piece.style.flexGrow = past ? percentual / (at - 1) : (100 - percentual) / (all - at + 1);
    // The screen on view is filled by half; where no screens are known, one piece says all.
    piece.firstChild.style.width = `${all ? (now ? 50 : past ? 100 : 0) : percentual}%`;
  });
}

/** The screens, the newest first; one that was never left is "now", or where the run stopped. */
export function trail(visits, running) {
  return visits.reverse().map(({ titulo, etapa, fim, duracao_s: seconds }, age) => {
    // A run that went back to the queue leaves its last screen open behind it.
    const now = running && !fim && !age;
    const open = now ? [h("i"), say("now")] : [icon("nao"), say("stopped")];
    const [mark, note] = fim ? [icon("sim"), seconds !== null && length(Math.max(1, seconds))] : open;
    return h("li", { class: now ? "now" : "past" },
      mark, h("span", {}, titulo || etapa), h("small", {}, note));
  });
}

/** The estimate's coverages, their prices drawn on one common scale. */
export function coverages({ coberturas_detalhadas: list = [] }) {
  const ends = (name) => list.map(({ valores }) => valores?.[name]).filter(Number.isFinite);
  const low = Math.min(...ends("de_centavos"));
  const wide = Math.max(...ends("ate_centavos")) - low;
  return list.map(({ nome_cobertura, valores = {}, beneficios = [] }) =>
    h("li", {},
      h("h4", {}, nome_cobertura),
      h("p", { class: "span" }, valores.de && say("range", whole(valores.de), whole(valores.ate))),
      range((valores.de_centavos - low) / wide, (valores.ate_centavos - low) / wide),
      h("ul", { class: "benefits" }, beneficios.map(({ nome, status }) =>
        h("li", {}, icon(status === "incluido" ? "sim" : "nao"), nome,
          status !== "incluido" && h("span", { class: "unseen" }, ` (${say("no")})`))))),
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

/** The plans of a result side by side; the rows in which they differ are marked. */
export function plans({ plano_recomendado: first, plano_alternativo: second }) {
  const both = [first, second].filter(Boolean);
  const told = (value) => ["string", "number", "boolean"].includes(typeof value) && value !== "";
  const known = new Set([...ROWS, ...both.flatMap(Object.keys)].filter((name) => !NOT_ROWS.test(name)));
  const differs = (name) => both.length > 1 && first?.[name] !== second[name];
  const rows = (one) => [...known].filter((name) => told(one[name])).map((name) =>
    row(differs(name), say(name) ?? readable(name), cell(one[name]),
      name === "valor_franquia" && one.tipo_franquia && h("small", {}, one.tipo_franquia)));
  return both.length ? [h("div", { class: "plans" }, both.map((one) => plan(one, one === first, rows(one))))] : [];
}

/** One plan: the price first, then its rows. */
function plan({ plano, valor, parcelamento, forma_pagamento }, best, rows) {
  return h("article", { class: best ? "plan best" : "plan" },
    h("h3", {}, plano || say(best ? "best" : "other")),
    h("p", { class: "price" }, unbroken(valor), h("small", {}, parcelamento)),
    h("p", { class: "soft" }, unbroken(forma_pagamento)),
    h("dl", {}, rows));
}

/** One line of a list: what it is about, and what is said of it. */
export function row(marked, name, ...said) {
  return h("div", { class: marked && "diff" }, h("dt", {}, name), h("dd", {}, ...said));
}

function cell(value) {
  if (value === true || COVERED.test(value)) return [icon("sim"), say("yes")];
  if (value === false || NOT_COVERED.test(value)) return [icon("nao"), say("no")];
  return [unbroken(value)];
}

/** An amount is read in one piece, never with its sign on the line before. */
function unbroken(text) {
  return String(text ?? "").replace(/R\$\s*/g, "R$\u00a0");
}

/** One answer to be corrected, with what is wrong about it, if that is known. */
export function field(page, name, problem, value) {
  const about = { id: name, name, "aria-invalid": String(Boolean(problem)), "aria-describedby": `${name}-erro` };
  const choices = choicesOf(page, name);
  const option = ([key, text]) => h("option", { value: key, selected: key === value }, text || say("choose"));
  const input = choices
    ? h("select", about, choices.map(option))
    : h("input", { ...about, value, inputmode: NUMERIC.includes(name) ? "numeric" : null, autocomplete: "on" });
  return h("div", { class: "field" },
    h("label", { for: name }, labelOf(page, name)),
    input,
    h("small", { id: `${name}-erro` }, problem));
}
