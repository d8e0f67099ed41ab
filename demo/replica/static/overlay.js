// What lies over the page: the full-screen spinner, skeletons, dialogs. The spinner and the dialogs
// are in the document all the time; hidden is a style, not an absence.

import { el, isVeiled, veil } from "./dom.js";

const spinner = el(
  "div",
  { class: "espera" },
  el("div", { role: "progressbar", "aria-label": "Carregando", class: "roda" }),
);

export function mountSpinner() {
  setBusy(false);
  document.body.append(spinner);
}

export const setBusy = (busy) => veil(spinner, !busy);

export const isBusy = () => !isVeiled(spinner);

/** Grey bars without any text. `shape` is `form` or `card`. */
export function skeleton(shape = "form") {
  const bar = (kind) => el("div", { class: `skeleton ${kind}` });
  if (shape === "card") return el("div", { class: "cartao" }, ["titulo", "linha", "bloco-alto"].map(bar));
  return el("div", { class: "folha" }, ["titulo", "linha", "campo-alto", "campo-alto"].map(bar));
}

/** A dialog that is hidden until opened. Closing fades; it catches clicks meanwhile. */
export function dialog(role, title, ...children) {
  const node = el(
    "div",
    { class: "modal" },
    el("div", { class: "fundo" }),
    el("div", { role, "aria-modal": "true", class: "painel" }, title && el("h2", {}, title), children),
  );
  veil(node, true);
  return { node, open: () => veil(node, false), close: () => veil(node, true) };
}

/** The site's own failure: an alert with a way to try again, which may fail again. */
export function showFailure(message, retry) {
  const again = () => {
    alert.node.remove();
    retry();
  };
  const alert = dialog(
    "alertdialog",
    "Algo deu errado",
    el("p", {}, message),
    el("button", { type: "button", class: "botao", click: again }, "Tentar novamente"),
  );
  document.body.append(alert.node);
  alert.open();
}
