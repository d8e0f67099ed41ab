// Radios, boxes and switches. The inputs are transparent and clipped to a pixel; two nested labels
// carry them, and a click belongs on the label.

import { run } from "./api.js";
import { el } from "./dom.js";
import { setError } from "./field.js";

let touched = 0;

// Numbered in the order of touching, as the real site's analytics do: never a selector.
function number(input) {
  input.addEventListener("click", () => {
    if (!input.dataset.gtmFormInteractFieldId) {
      input.dataset.gtmFormInteractFieldId = String(touched++);
    }
  });
  return input;
}

function option(input, text, kind = "opcao") {
  return el(
    "label",
    { class: kind },
    el(
      "div",
      {},
      el(
        "label",
        {},
        el("span", { class: "marca" }, number(input), el("span", { class: "desenho" })),
        el("p", {}, text),
      ),
    ),
  );
}

function radio(name, value, text, chosen) {
  const input = el("input", { type: "radio", name, value });
  input.checked = value === chosen;
  return option(input, text);
}

/**
 * A group of radios. `options` are [value, text]; `caption` becomes a label with the same id as
 * the group, where the real page has that duplicate; `question` is a plain paragraph above.
 */
export function radioGroup({ name, options, chosen, caption, question, onChange = () => {} }) {
  const group = el(
    "div",
    { id: name, role: "radiogroup", class: "grupo" },
    options.map(([value, text]) => radio(name, value, text, chosen)),
  );
  const title = caption && el("label", { id: name, class: "legenda" }, caption);
  const plain = question && el("p", { class: "legenda" }, question);
  const node = el("div", { class: "campo" }, title ?? plain, group);
  const value = () => group.querySelector("input:checked")?.value ?? "";
  group.addEventListener("change", () => {
    setError(node, null);
    onChange(value());
  });
  return { id: name, node, value, setError: (message) => setError(node, message) };
}

/** Boxes without a name; the label and the group share their id and the group has no role. */
export function boxGroup({ id, caption, values }) {
  const boxes = values.map((value) => el("input", { type: "checkbox", value }));
  const group = el(
    "div",
    { id, class: "grupo" },
    boxes.map((box) => option(box, box.value)),
  );
  const node = el("div", { class: "campo" }, el("label", { id, class: "legenda" }, caption), group);
  return {
    id,
    node,
    value: () => boxes.filter((box) => box.checked).map((box) => box.value),
    setError: (message) => setError(node, message),
  };
}

/** One box that reveals a switch, without a value of its own, in the same block. */
export function boxWithSwitch({ value, text, switchText }) {
  const box = el("input", { type: "checkbox", value });
  const node = el("div", { class: "bloco" }, option(box, text));
  const extra = dependent(node, () => {
    const input = el("input", { type: "checkbox" });
    return { node: option(input, switchText, "chave"), value: () => input.checked };
  });
  box.addEventListener("change", () => extra.show(box.checked));
  return {
    node,
    checked: () => box.checked,
    switched: () => Boolean(extra.control()?.value()),
    value,
  };
}

/**
 * Something that appears a moment after its answer and is forgotten when the answer changes:
 * it is built anew each time.
 */
export function dependent(slot, build) {
  let timer = null;
  let control = null;
  const hide = () => {
    clearTimeout(timer);
    control?.node.remove();
    timer = control = null;
  };
  const show = (wanted) => {
    if (!wanted) hide();
    else if (timer === null) {
      timer = setTimeout(() => {
        control = build();
        slot.append(control.node);
      }, run.pace.aparece);
    }
  };
  return { show, control: () => control };
}
