// Screen 15: waiting with a countdown, then the grid (three columns, not rows) under the login, with
// placeholder prices, blurred; or the manual quote. Both endings' texts are in the document from the
// start, hidden.

import { call, run } from "./api.js";
import { el, icon, iconOk, later } from "./dom.js";
import { askLogin } from "./login.js";

const PLACEHOLDER = { valor: "100,00", pagamento: "Crédito em até 10x de R$ 10,00" };

export function result(data) {
  const waiting = el("div", { class: "folha calculo" });
  const finished = el(
    "div",
    { class: "sumido" },
    el("h1", {}, "Parabéns, chegamos ao resultado final da cotação!"),
  );
  const manual = el(
    "div",
    { class: "folha sumido" },
    el("p", { class: "ops" }, "Ops, ainda não encontramos resultados para você"),
    el("p", {}, "Um de nossos consultores fará a sua cotação manual e entrará em contato."),
  );
  const entered = async () => {
    const stop = await wait(waiting, data);
    const answer = await poll(waiting);
    stop();
    waiting.remove();
    if (!answer) return;
    if (answer.fim === "manual") manual.classList.remove("sumido");
    else await showGrid(finished, answer, data);
  };
  return { title: null, body: [waiting, finished, manual], layout: "larga", entered };
}

/** Fills the waiting panel; returns what stops its countdown. */
async function wait(panel, data) {
  const text = el("p", { class: "destaque" });
  panel.append(el("div", { class: "pulso" }), text);
  if (data.corretor) {
    text.textContent = "Por favor, aguarde. Estamos buscando o corretor ideal para você!";
    await later(run.pace.corretor);
  }
  text.textContent = "Por favor, aguarde. Estamos realizando o cálculo para você!";
  return countDown(panel, data);
}

function countDown(panel, data) {
  const clock = el(data.separado ? "strong" : "span", { class: "relogio" });
  const caption = "Tempo estimado em";
  if (data.separado) panel.append(el("p", {}, caption), clock);
  else panel.append(el("p", {}, `${caption} `, clock));
  const start = performance.now();
  const tick = () => {
    const gone = (performance.now() - start) / data.contagem_ms;
    const left = Math.max(0, Math.ceil(data.contagem_s * (1 - gone)));
    const two = (number) => String(number).padStart(2, "0");
    clock.textContent = `${two(Math.floor(left / 60))}:${two(left % 60)}`;
  };
  tick();
  const timer = setInterval(tick, data.contagem_ms < data.contagem_s * 1000 ? 60 : 250);
  return () => clearInterval(timer);
}

async function poll(panel) {
  while (panel.isConnected) {
    const answer = await call("calculo");
    if (answer.fim) return answer;
    await later(run.pace.sondagem);
  }
  return null;
}

async function showGrid(panel, answer, data) {
  const grid = gridOf(answer.grade, data.outra_versao);
  panel.append(grid.node);
  panel.classList.remove("sumido");
  const fill = async (delivered) => {
    await later(run.pace.preco); // the dialog is gone before the true prices come
    grid.reveal(delivered.precos);
    if (delivered.grade) await growInto(grid, delivered);
  };
  if (answer.precos) {
    await fill(answer); // no login is asked for
    return;
  }
  await later(run.pace.login);
  askLogin(fill);
}

/** Three columns (or two): the labels, then a card for each plan. */
function gridOf({ rotulos, planos }, plain) {
  const cards = planos.map((plan, index) => card(plan, index === 0, plain));
  const labels = el("div", { class: "coluna rotulos" }, rotulos.map((text) => cell(el("p", {}, text))));
  const columns = [labels, ...cards.map(({ node }) => node)];
  const node = el("div", { class: `grade colunas-${columns.length}` }, columns);
  // Where there are no prices, what was there before stays, blurred.
  const reveal = (prices) => cards.forEach((one, index) => prices[index] && one.reveal(prices[index]));
  const add = (plan, price) => {
    const more = card(plan, false, plain);
    more.reveal(price);
    node.classList.replace("colunas-2", "colunas-3");
    node.append(more.node);
  };
  return { node, reveal, add, fill: (plan) => cards[0].fill(plan) };
}

/** The rows come after the price, the other plan after the rows. */
async function growInto(grid, { grade, precos }) {
  await later(run.pace.aos_poucos);
  grid.fill(grade.planos[0]);
  await later(run.pace.aos_poucos);
  grid.add(grade.planos[1], precos[1]);
}

const cell = (...content) => el("div", { class: "celula" }, ...content);

function card(plan, recommended, plain) {
  const price = el("p", { class: "preco" });
  const payment = el("p", { class: "miudo" }, PLACEHOLDER.pagamento);
  // The amount is split as on the real page, or in one piece without a space.
  const setPrice = (amount) => {
    const split = [el("span", {}, "R$"), el("span", { class: "numero" }, amount)];
    price.replaceChildren(...(plain ? [el("span", { class: "numero" }, `R$${amount}`)] : split));
  };
  setPrice(PLACEHOLDER.valor);
  const hidden = el(
    "div",
    { class: "valores borrado" },
    price,
    el("p", { class: "miudo" }, plan.parcelamento),
    payment,
  );
  const heading = recommended && el("h2", {}, "Plano recomendado");
  const head = el("div", { class: "cabeca" }, heading || null, hidden);
  const kind = recommended ? "coluna plano border-primary" : "coluna plano";
  const rows = ({ celulas }) => celulas.map((content) => filled(content, plain));
  const node = el("div", { class: kind }, head, rows(plan));
  const reveal = (given) => {
    setPrice(given.valor);
    payment.textContent = given.pagamento;
    hidden.classList.remove("borrado");
  };
  return { node, reveal, fill: (whole) => node.replaceChildren(head, ...rows(whole)) };
}

function filled({ linhas, icone }, plain) {
  if (icone) return cell(icone === "ok" ? iconOk() : icon("nok", "Icone de não OK"));
  const [first, second] = linhas ?? [];
  if (plain && second) return cell(el("p", {}, first, el("br"), second));
  return cell(...(linhas ?? []).map((text) => el("p", {}, text)));
}
