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
    else showGrid(finished, answer);
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

async function showGrid(panel, answer) {
  const cards = answer.planos.map((plan, index) => card(plan, index === 0));
  const labels = el("div", { class: "coluna rotulos" }, answer.rotulos.map((text) => cell(el("p", {}, text))));
  const columns = [labels, ...cards.map(({ node }) => node)];
  panel.append(el("div", { class: `grade colunas-${columns.length}` }, columns));
  panel.classList.remove("sumido");
  await later(run.pace.login);
  askLogin(async (prices) => {
    await later(run.pace.preco); // the dialog is gone before the true prices come
    cards.forEach(({ reveal }, index) => reveal(prices[index]));
  });
}

const cell = (...content) => el("div", { class: "celula" }, ...content);

function card(plan, recommended) {
  const number = el("span", { class: "numero" }, PLACEHOLDER.valor);
  const payment = el("p", { class: "miudo" }, PLACEHOLDER.pagamento);
  const hidden = el(
    "div",
    { class: "valores borrado" },
    el("p", { class: "preco" }, el("span", {}, "R$"), number),
    el("p", { class: "miudo" }, plan.parcelamento),
    payment,
  );
  const heading = recommended && el("h2", {}, "Plano recomendado");
  const head = el("div", { class: "cabeca" }, heading || null, hidden);
  const kind = recommended ? "coluna plano border-primary" : "coluna plano";
  const node = el("div", { class: kind }, head, plan.celulas.map(filled));
  const reveal = (price) => {
    number.textContent = price.valor;
    payment.textContent = price.pagamento;
    hidden.classList.remove("borrado");
  };
  return { node, reveal };
}

function filled({ linhas, icone }) {
  if (linhas) return cell(...linhas.map((text) => el("p", {}, text)));
  return cell(icone === "ok" ? iconOk() : icon("nok", "Icone de não OK"));
}
