/* The start: one script tag becomes one element.
 *
 *   data-form      CSS selector of the <form> (required)
 *   data-api       the service's address; default: where the script itself comes from
 *   data-telefone  offered as a call where something fails
 *
 * 1. A wrong attribute costs one line on the console, never the page.
 * 2. Loaded twice, for whatever reason, is loaded once.
 */
import { AndamentoModal } from "./element.mjs";

const NAME = "andamento-modal";

if (globalThis.document) boot(document.currentScript);

function boot(script) {
  if (!customElements.get(NAME)) customElements.define(NAME, AndamentoModal);
  // Left to the parser, the form may still be to come.
  if (document.readyState !== "loading") place(script);
  else document.addEventListener("DOMContentLoaded", () => place(script), { once: true });
}

function place(script) {
  const { form, api = script?.src, telefone } = script?.dataset ?? {};
  const [problem, origin] = [formProblem(form), originOf(api)];
  if (problem) return complain(problem);
  if (!origin) return complain(`data-api="${api}" não é um endereço http(s).`);
  if ([...document.querySelectorAll(NAME)].some((element) => element.dataset.form === form)) return;
  const element = document.createElement(NAME);
  Object.assign(element.dataset, { form, api: origin }, telefone && { telefone });
  document.body.append(element);
}

function formProblem(form) {
  if (!form) return 'falta o atributo data-form="#formulario" na tag do script.';
  try {
    if (document.querySelector(form) instanceof HTMLFormElement) return null;
    return `data-form="${form}" não aponta para nenhum <form> desta página.`;
  } catch {
    return `data-form="${form}" não é um seletor CSS válido.`;
  }
}

function originOf(address) {
  try {
    const { origin, protocol } = new URL(address);
    return protocol.startsWith("http") ? origin : null;
  } catch {
    return null;
  }
}

function complain(problem) {
  console.error(`andamento.js: ${problem} A cotação ao vivo não foi ligada; o resto da página segue igual.`);
}
