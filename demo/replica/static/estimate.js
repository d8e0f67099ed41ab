// Screen 5: first a text and one card-shaped skeleton (itself a slide) without Continuar, then three
// slides, all in the document at once. A hidden exit survey waits, and in one scenario pops up.

import { call, run } from "./api.js";
import { el, icon, iconOk, NBSP } from "./dom.js";
import { dialog, skeleton } from "./overlay.js";

const WAITING = "Aguarde! Estamos buscando uma estimativa para o valor do seu seguro.";

const slide = (content) =>
  el("div", { role: "group", "aria-roledescription": "slide", class: "slide" }, content);

export function estimate(data) {
  const title = el("h1", {}, WAITING);
  const track = el("div", { class: "trilho" }, slide(skeleton("card")));
  const controls = el("div", { class: "setas" });
  const carousel = el(
    "div",
    { role: "region", "aria-roledescription": "carousel", class: "carrossel" },
    track,
  );
  const quiz = survey();
  const fill = async (showBar) => {
    const { cartoes } = await call("estimativa");
    if (!title.isConnected || !cartoes) return; // without cards the skeleton stays for ever
    title.textContent = `Confira abaixo a estimativa inicial para o seu seguro ${data.tipo}!`;
    const slides = cartoes.map((card) => slide(cardOf(card, data.outra_versao)));
    track.replaceChildren(...slides, ...(data.outra_versao ? [slide(skeleton("card"))] : []));
    controls.append(...arrows(track));
    const bar = showBar();
    if (data.pesquisa) lieInWait(quiz, bar);
  };
  return {
    title,
    body: [carousel, controls, quiz.node],
    continueId: "gtm-telaEstimativaContinuarParaCotacaoFinal",
    lateBar: true,
    layout: "larga",
    fields: () => [],
    read: () => ({}),
    entered: fill,
  };
}

// The survey comes after a moment, or at once when the mouse nears the buttons.
function lieInWait(quiz, bar) {
  let shown = false;
  const open = () => {
    if (!shown && bar.isConnected) quiz.open();
    shown = true;
  };
  bar.addEventListener("mousemove", open);
  setTimeout(open, run.pace.pesquisa);
}

function cardOf(card, plain) {
  const { de, ate } = card.valores ?? {};
  const range = de ? ["De ", price(de, plain), " até ", price(ate, plain)] : "Consulte";
  return el(
    "div",
    { class: "cartao" },
    el("h2", {}, "Cobertura ", el("b", {}, card.nome_cobertura)),
    el("p", { class: "faixa" }, range),
    el("p", { class: "miudo" }, "possibilidade de parcelamento sem juros"),
    el("ul", {}, card.beneficios.map(({ nome }) => el("li", {}, iconOk(), el("p", {}, nome)))),
  );
}

// Split as on the real page, or in one piece.
function price(text, plain) {
  if (plain) return el("span", { class: "preco" }, text);
  const [whole, cents] = text.replace("R$ ", "").split(",");
  const part = (piece) => el("span", {}, piece);
  return el("span", { class: "preco" }, part("R$"), part(NBSP + whole), part(`,${cents}`));
}

function arrows(track) {
  const roll = (turn) => track.scrollBy({ left: turn * 320, behavior: "smooth" });
  const arrow = (text, label, turn) =>
    el("button", { type: "button", class: "seta", "aria-label": label, click: () => roll(turn) }, text);
  return [arrow("‹", "Anterior", -1), arrow("›", "Próximo", 1)];
}

function survey() {
  const shut = el(
    "button",
    { type: "button", id: "gtm-telaEstimativaAgoraNaoFechar", class: "fechar", click: () => quiz.close() },
    icon("x", ""),
  );
  const send = el(
    "button",
    {
      type: "button",
      id: "gtm-telaEstimativaAgoraNaoEnviar",
      class: "botao",
      click: () => {
        call("sinal", { tipo: "pesquisa_enviada" }).catch(() => {});
        quiz.close();
      },
    },
    "ENVIAR",
  );
  const reasons = ["O valor está alto", "Só queria pesquisar", "Não encontrei o que procurava"];
  const quiz = dialog(
    "dialog",
    "Por que você não deseja continuar a sua cotação agora?",
    shut,
    el("div", { class: "grupo" }, reasons.map((text) => el("p", { class: "razao" }, text))),
    send,
  );
  return quiz;
}
