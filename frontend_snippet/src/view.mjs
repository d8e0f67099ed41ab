/* The view: data become nodes, and nothing but text nodes.
 *
 * 1. No markup is ever parsed: a message that holds `<img onerror=…>` is shown as these letters.
 * 2. Unknown fields get a readable label, missing ones no row: the visitor never reads "undefined".
 */
import { CHOICES, LABELS, plain } from "./form.mjs";

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
// After these errors it is the answers that want another look …
const DOUBTED = {
  placa_desconhecida: ["placa"],
  veiculo_diferente: ["placa"],
  cpf_recusado: ["cpf"],
  endereco_nao_encontrado: ["cep"],
  campo_recusado: Object.keys(LABELS),
  respostas_invalidas: Object.keys(LABELS),
};
// … and after these another try would end the same way.
const FUTILE = ["sem_navegador", "site_mudou", "sem_conta", "login_recusado"];
const NUMERIC = ["cpf", "cep", "celular"];

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
export function scene({ status, mensagem, erros, etapa_atual, total_etapas, fila, timeline, resultados_finais }) {
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

/** The line beneath the bar: the place in the queue, or the time that remains. */
export function outlook({ fila, restante_s: span }) {
  if (fila?.posicao) {
    const place = `${fila.posicao}ª posição na fila`;
    return fila.espera_s ? `${place}, cerca de ${length(fila.espera_s)}` : place;
  }
  if (!Array.isArray(span)) return "";
  if (span[1] <= 60) return "Falta menos de 1 minuto";
  const [low, high] = span.map((seconds) => Math.max(1, Math.ceil(seconds / 60)));
  return low < high ? `Faltam de ${low} a ${high} minutos` : `Faltam cerca de ${high} minutos`;
}

export function length(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)}\u00a0s` : `${Math.ceil(seconds / 60)}\u00a0min`;
}

/** The screens, the newest first; one that was never left is "now", or where the run stopped. */
export function trail(visits, running) {
  return visits.reverse().map(({ titulo, etapa, fim, duracao_s: seconds }, age) => {
    // A run that went back to the queue leaves its last screen open behind it.
    const now = running && !fim && !age;
    const open = now ? [h("i"), "agora"] : [icon("nao"), "parou aqui"];
    const [mark, note] = fim ? [icon("sim"), seconds !== null && length(Math.max(1, seconds))] : open;
    return h("li", { class: now ? "now" : "past" },
      mark, h("span", {}, titulo || `Etapa ${etapa}`), h("small", {}, note));
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
      h("p", { class: "span" }, valores.de && `${whole(valores.de)} a ${whole(valores.ate)}`),
      range((valores.de_centavos - low) / wide, (valores.ate_centavos - low) / wide),
      h("ul", { class: "benefits" }, beneficios.map(({ nome, status }) =>
        h("li", {}, icon(status === "incluido" ? "sim" : "nao"), nome,
          status !== "incluido" && h("span", { class: "unseen" }, " (não incluído)"))))),
  );
}

function range(from, to) {
  const bar = h("i");
  // Through the object model: a style attribute may be barred by the site's policy.
  bar.style.left = `${100 * from}%`;
  bar.style.width = `${100 * (to - from)}%`;
  return h("div", { class: "range", "aria-hidden": "true", hidden: !(to > from) }, bar);
}

function whole(price) {
  return String(price ?? "").replace(/,00$/, "");
}

/** One plan: the price first, then its rows. */
export function plan({ plano, valor, parcelamento, forma_pagamento, tipo_franquia, ...rest }, best) {
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

/** One line of a list: what it is about, and what is said of it. */
export function row(name, ...said) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, ...said));
}

function cell(value) {
  if (value === true || COVERED.test(value)) return [icon("sim"), "Incluído"];
  if (value === false || NOT_COVERED.test(value)) return [icon("nao"), "Não incluído"];
  return [unbroken(value)];
}

/** An amount is read in one piece, never with its sign on the line before. */
function unbroken(text) {
  return String(text ?? "").replace(/R\$\s*/g, "R$\u00a0");
}

/** One answer to be corrected, with what is wrong about it, if that is known. */
export function field(name, problem, value) {
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
