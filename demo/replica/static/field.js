// Text fields. The caption is a plain paragraph, not a label; the value that counts is the one that
// arrived by input events, and what else was written into the element is undone on leaving it.

import { el } from "./dom.js";
import { plain } from "./mask.js";

/** Shows or clears the error paragraph of a form control. */
export function setError(node, message, input = null) {
  node.querySelector(":scope > p.erro")?.remove();
  node.classList.toggle("com-erro", Boolean(message));
  input?.setAttribute("aria-invalid", String(Boolean(message)));
  if (message) node.append(el("p", { class: "erro" }, message));
}

/** A text field: `{id, node, input, value(), setError()}`. */
export function textField({ id, caption, mask = plain, type = "text", ...attributes }) {
  let accepted = "";
  const input = el("input", {
    id,
    type,
    name: id,
    autocomplete: "off",
    "aria-invalid": "false",
    ...attributes,
  });
  const node = el(
    "div",
    { class: "campo" },
    el("p", { class: "legenda" }, caption),
    el("div", { class: "caixa" }, input),
  );
  input.addEventListener("input", (event) => {
    accepted = mask(input.value, accepted, event.data);
    if (input.value !== accepted) input.value = accepted;
    setError(node, null, input);
  });
  input.addEventListener("blur", () => {
    if (input.value !== accepted) input.value = accepted;
  });
  const put = (text) => {
    accepted = text;
    input.value = text;
  };
  return {
    id,
    node,
    input,
    put,
    value: () => accepted,
    setError: (message) => setError(node, message, input),
  };
}
