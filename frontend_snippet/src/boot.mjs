/* The start: one script tag becomes one element; docs/webflow.md names its attributes.
 *
 * 1. Loaded twice, for whatever reason, is loaded once.
 * 2. An element that the page has placed itself is taken as it is.
 */
import { AndamentoModal } from "./element.mjs";

const NAME = "andamento-modal";

if (globalThis.document) boot(document.currentScript);

function boot(script) {
  AndamentoModal.home ??= script?.src;
  // Left to the parser, the form may still be to come.
  if (document.readyState !== "loading") place(script);
  else document.addEventListener("DOMContentLoaded", () => place(script), { once: true });
}

function place(script) {
  if (!customElements.get(NAME)) customElements.define(NAME, AndamentoModal);
  const { form = "" } = script?.dataset ?? {};
  const placed = [...document.querySelectorAll(NAME)];
  if (form ? placed.some(({ dataset }) => dataset.form === form) : placed.length) return;
  const element = document.createElement(NAME);
  Object.assign(element.dataset, script?.dataset, { form });
  document.body.append(element);
}
