// The broker's landing page, whose buttons are screen 1.

import { el, icon } from "./dom.js";
import { setError } from "./field.js";

const PRODUCTS = [
  ["carro", "car", "Carro"],
  ["moto", "motorcycle", "Moto"],
  ["vida", "heart", "Vida"],
  ["residencia", "home", "Residência"],
];

/** The screen; `submit` is called with the kind that was clicked. */
export function landing(submit) {
  let chosen = "";
  const tile = ([value, picture, text]) =>
    el(
      "button",
      {
        type: "button",
        class: "produto",
        click: () => {
          chosen = value;
          submit();
        },
      },
      icon(picture, `Icone ${picture}`),
      el("p", {}, text),
    );
  const node = el("div", { class: "campo" }, el("div", { class: "produtos" }, PRODUCTS.map(tile)));
  return {
    title: "Qual seguro você deseja cotar?",
    body: [node],
    fields: () => [{ id: "tipoSeguro", setError: (message) => setError(node, message) }],
    read: () => ({ tipoSeguro: chosen }),
  };
}

/** What stands beside the buttons. */
export function hero() {
  const promise = (text) => el("li", {}, icon("ok", ""), el("span", {}, text));
  return el(
    "div",
    { class: "vitrine" },
    el("p", { class: "chapeu" }, "Andamento Corretora de Exemplo"),
    el("p", { class: "manchete" }, "O seguro certo, sem enrolação."),
    el("p", {}, "Responda algumas perguntas e compare planos em poucos minutos."),
    el(
      "ul",
      {},
      promise("Estimativa na hora"),
      promise("Dois planos lado a lado"),
      promise("Parcelamento sem juros"),
    ),
  );
}
