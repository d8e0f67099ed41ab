// The five steps on top. Each label is twice in the document, for wide and for narrow screens, and
// screens 1 to 6 are all "Veículo": no mark of where one is.

import { el } from "./dom.js";

const STEPS = ["Veículo", "Perfil", "Questionário", "Cotação", "Contato"];

const stepOf = (screen) => {
  const number = Number(screen);
  if (!(number > 6)) return 0; // a screen without a number comes early enough
  if (number <= 10) return 1;
  return number <= 14 ? 2 : 3;
};

export function stepper(screen) {
  const now = stepOf(screen);
  const item = (text, index) => {
    const state = index < now ? "feito" : index === now ? "atual" : "";
    return el("li", { class: state }, el("span", { class: "numero" }, String(index + 1)), el("p", {}, text));
  };
  return el(
    "nav",
    { class: "passos", "aria-label": "Etapas" },
    el("ol", { class: "largo" }, STEPS.map(item)),
    el("ol", { class: "estreito" }, STEPS.map(item)),
  );
}
