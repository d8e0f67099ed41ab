/* The start: one script tag becomes one element; docs/webflow.md names its attributes.
 *
 * 1. Loaded twice, for whatever reason, is loaded once.
 * 2. An element that the page has placed itself is taken as it is.
 */
import { AndamentoModal } from "./element.mjs";

const NAME = "andamento-modal";

if (globalThis.document) {
  const { currentScript: script, readyState } = document;
  AndamentoModal.home ??= script?.src;
  const place = () => {
    if (!customElements.get(NAME)) customElements.define(NAME, AndamentoModal);
    const form = script?.dataset.form ?? "";
    if ([...document.querySelectorAll(NAME)].some(({ dataset }) => !form || dataset.form === form)) return;
    const element = document.createElement(NAME);
    Object.assign(element.dataset, script?.dataset, { form });
    document.body.append(element);
  };
  // Left to the parser, the form may still be to come.
  if (readyState === "loading") document.addEventListener("DOMContentLoaded", place);
  else place();
}
