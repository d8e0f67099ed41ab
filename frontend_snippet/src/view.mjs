/* The view: what a snapshot says, as words and as nodes.
 *
 * 1. Unknown fields get a readable label, missing ones no row: the visitor never reads "undefined".
 * 2. Lengths go through the object model: a style attribute may be barred by the site's policy.
 */
import { ANSWERS, choicesOf, labelOf, readable } from "./form.mjs";
import { h, icon, set } from "./node.mjs";
import { ROWS, say, TEXT } from "./words.mjs";

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
// A plan's fields that have a place of their own.
const NOT_ROWS = /^(plano|valor|parcelamento|forma_pagamento|tipo_franquia)$|_centavos$/;
// More heads than these are not counted at a glance.
const CROWD = 8;

/** What the head of the dialog says about a snapshot's progress. */
export function scene({ status, mensagem: text, erros, etapa_atual: at, total_etapas: all, fila, timeline, resultados_finais }) {
  if (status === "completed") {
    const { desfecho, proximo_passo: hint } = resultados_finais.dados;
    if (desfecho === "cotacao_manual") return { kind: "manual", badge: "pessoa", title: say(TEXT.manual), text, hint };
    return { kind: "done", badge: "sim", title: say(TEXT.done), text };
  }
  if (status === "cancelled") return { kind: status, badge: "nao", title: say(TEXT.cancelled), text: say(TEXT.nothing), again: true };
  if (status === "failed") {
    const { tipo, sugestao: hint } = erros.at(-1) ?? {};
    const title = say(TEXT.failed);
    return { kind: status, badge: "alerta", title, text, hint, doubted: DOUBTED[tipo], again: !FUTILE.includes(tipo) };
  }
  const running = status === "running";
  return {
    kind: "run",
    step: at && all ? say(TEXT.step, at, all) : "",
    title:
      status === "paused"
        ? say(TEXT.paused)
        : (running && at && timeline.at(-1)?.titulo) || say(fila ? TEXT.queued : TEXT.preparing),
    // The site's own calculation takes minutes, and nothing happens while it lasts.
    text: running && all && at >= all ? say(TEXT.longest) : text,
  };
}

/** The line beneath the bar: the place in the queue, or the time that remains. */
export function outlook({ fila, restante_s: span }) {
  if (fila?.posicao) return say(TEXT.place, fila.posicao) + (fila.espera_s ? say(TEXT.wait, length(fila.espera_s)) : "");
  if (!Array.isArray(span)) return "";
  if (span[1] <= 60) return say(TEXT.minute);
  const [low, high] = span.map((seconds) => Math.max(1, Math.ceil(seconds / 60)));
  return low < high ? say(TEXT.between, low, high) : say(TEXT.minutes, high);
}

export function length(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)}\u00a0s` : `${Math.ceil(seconds / 60)}\u00a0min`;
}

/** The way on the bar: a piece for each screen, filled as far as the run has come; or the people in line. */
export function way(bar, { status, fila, etapa_atual: at, total_etapas, percentual }) {
  const all = status !== "queued" && total_etapas;
  const place = fila?.posicao;
  const count = place ? Math.min(place, CROWD) : all || 1;
  const look = place ? "bar people" : "bar";
  if (bar.childElementCount !== count || bar.className !== look)
    bar.replaceChildren(...Array.from({ length: count }, () => (place ? icon("pessoa") : h("b", h("i")))));
  bar.className = look;
  [...bar.children].forEach((piece, index) => {
    const ahead = index + 1 - (place ? count : at);
    piece.classList.toggle("now", !ahead);
    if (place) return;
    // What lies behind is as wide as its share of the time, what lies ahead has the rest.
    piece.style.flexGrow = ahead < 0 ? percentual / (at - 1) : (100 - percentual) / (all - at + 1);
    // The screen on view is filled faintly; where no screens are known, one piece says all.
    piece.firstChild.style.width = `${all ? (ahead > 0 ? 0 : 100) : percentual}%`;
  });
}

/** The screens, the newest first; one that was never left is "now", or where the run stopped. */
export function trail(visits, running) {
  return visits.reverse().map(({ titulo, etapa, fim, duracao_s: seconds }, age) => {
    // A run that went back to the queue leaves its last screen open behind it.
    const now = running && !fim && !age;
    return h(
      now ? "li.now" : "li.past",
      now ? h("i") : icon(fim ? "sim" : "nao"),
      h("span", titulo || etapa),
      h("small", fim ? seconds !== null && length(Math.max(1, seconds)) : say(now ? TEXT.now : TEXT.stopped)),
    );
  });
}

/** The estimate's coverages, their prices drawn on one common scale. */
export function coverages({ coberturas_detalhadas: list = [] }) {
  const ends = list.flatMap(({ valores: { de_centavos, ate_centavos } = {} }) => [de_centavos, ate_centavos]);
  const known = ends.filter(Number.isFinite);
  const low = Math.min(...known);
  const wide = Math.max(...known) - low;
  return list.map(({ nome_cobertura, valores: { de, ate, de_centavos, ate_centavos } = {}, beneficios = [] }) =>
    h("li",
      h("h4", nome_cobertura),
      h("p.span", de && say(TEXT.range, whole(de), whole(ate))),
      range((de_centavos - low) / wide, (ate_centavos - low) / wide),
      h("ul.benefits", beneficios.map(({ nome, status }) => {
        const covered = status === "incluido";
        return h("li", icon(covered ? "sim" : "nao"), nome, !covered && h("span.unseen", ` (${say(TEXT.no)})`));
      }))),
  );
}

function range(from, to) {
  const bar = h("i");
  bar.style.marginLeft = `${100 * from}%`;
  bar.style.width = `${100 * (to - from)}%`;
  return set(h("div.range", bar), { "aria-hidden": "true", hidden: !(to > from) });
}

function whole(price) {
  return String(price ?? "").replace(/,00$/, "");
}

/** The plans of a result side by side; the rows in which they differ are marked. */
export function plans({ plano_recomendado: first, plano_alternativo: second }) {
  const both = [first, second].filter(Boolean);
  const names = new Set([...Object.keys(ROWS), ...both.flatMap(Object.keys)].filter((name) => !NOT_ROWS.test(name)));
  const rows = (one) => [...names]
    .filter((name) => typeof one[name] !== "object" && unbroken(one[name]))
    .map((name) =>
      row(both.length > 1 && first[name] !== second[name], say(ROWS[name] ?? "|") || readable(name), cell(one[name]),
        name === "valor_franquia" && one.tipo_franquia && h("small", one.tipo_franquia)));
  return both.length && h("div.plans", both.map((one) => plan(one, one === first, rows(one))));
}

/** One plan: the price first, then its rows. */
function plan({ plano, valor, parcelamento, forma_pagamento }, best, rows) {
  return h(best ? "article.plan best" : "article.plan",
    h("h3", plano || say(best ? TEXT.best : TEXT.other)),
    h("p.price", unbroken(valor), h("small", parcelamento)),
    h("p.soft", unbroken(forma_pagamento)),
    h("dl", rows));
}

/** One line of a list: what it is about, and what is said of it. */
export function row(marked, name, ...said) {
  return h(marked ? "div.diff" : "div", h("dt", name), h("dd", ...said));
}

function cell(value) {
  if (COVERED.test(value)) return [icon("sim"), say(TEXT.yes)];
  if (NOT_COVERED.test(value)) return [icon("nao"), say(TEXT.no)];
  return unbroken(value);
}

/** An amount is read in one piece, never with its sign on the line before. */
export function unbroken(text) {
  return String(text ?? "").replace(/R\$\s*/g, "R$\u00a0");
}

/** One answer to be corrected, with what is wrong about it, if that is known. */
export function field(page, name, problem, value = "") {
  const note = `${name}-erro`;
  const choices = choicesOf(page, name);
  const options = choices?.map(([key, text]) => set(h("option", text), { value: key, selected: key === value }));
  const entry = choices
    ? h("select", options)
    : set(h("input"), { value: String(value), inputmode: /^(cpf|cep|celular)$/.test(name) ? "numeric" : "text", autocomplete: "on" });
  return h("div.field",
    set(h("label", labelOf(page, name)), { for: name }),
    set(entry, { id: name, name, "aria-invalid": String(Boolean(problem)), "aria-describedby": note }),
    set(h("small", problem), { id: note }));
}
