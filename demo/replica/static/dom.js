// Making elements: tag, attributes, children. Text always becomes a text node, never markup.

export const NBSP = "\u00a0";

/** An element. `attributes` with a function value become listeners, `true` an empty attribute. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

/** A promise that is kept after some milliseconds. */
export const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Hides or shows as the real site does: present, but `visibility: hidden` and `aria-hidden`. */
export function veil(node, hidden) {
  if (hidden) node.setAttribute("aria-hidden", "true");
  else node.removeAttribute("aria-hidden");
  node.classList.toggle("escondido", hidden);
}

export const isVeiled = (node) => node.classList.contains("escondido");

/** An icon of the site's own set. */
export const icon = (name, alt) => el("img", { src: `/icone-${name}.svg`, alt });

export const iconOk = () => icon("ok", "Icone de OK");

/** Gives the elements of a control another id and name; what the server is told stays the same. */
export function rename(control) {
  for (const name of ["id", "name"]) {
    const same = [...control.node.querySelectorAll(`[${name}="${control.id}"]`)];
    for (const node of same) node.setAttribute(name, `${control.id}2`);
  }
}
