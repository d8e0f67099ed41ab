// A listbox instead of a select: opens on mousedown, its options live in a portal at the end of the
// body over an invisible backdrop, and the page behind is aria-hidden while it is open.

import { run } from "./api.js";
import { el, later } from "./dom.js";
import { setError } from "./field.js";

const EMPTY = "\u200b"; // keeps the height of an empty box

/** A listbox: `{id, node, value(), setError()}`; the value is the option's text. */
export function listbox({ id, caption, options }) {
  let chosen = "";
  const box = el("div", {
    id,
    role: "button",
    tabindex: "0",
    "aria-haspopup": "listbox",
    class: "caixa lista",
  });
  box.textContent = EMPTY;
  const mirror = el("input", { "aria-hidden": "true", tabindex: "-1", class: "espelho" });
  const node = el(
    "div",
    { class: "campo" },
    el("p", { class: "legenda" }, caption),
    el("div", { class: "relativo" }, box, mirror),
  );
  const choose = (text) => {
    chosen = text;
    box.textContent = text;
    mirror.value = text;
    setError(node, null);
  };
  const open = () => openPopup(box, options, chosen, choose);
  box.addEventListener("mousedown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    open();
  });
  box.addEventListener("keydown", (event) => {
    if (["Enter", " ", "ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      open();
    }
  });
  return { id, node, value: () => chosen, setError: (message) => setError(node, message) };
}

function openPopup(box, options, chosen, choose) {
  if (box.hasAttribute("aria-expanded")) return;
  const root = document.getElementById("raiz");
  const portal = el("div", { role: "presentation", class: "portal" });
  const close = async () => {
    root.removeAttribute("aria-hidden");
    box.removeAttribute("aria-expanded");
    portal.classList.add("fechando");
    await later(run.pace.fecha); // the backdrop still catches clicks meanwhile
    portal.remove();
  };
  const pick = (text) => {
    choose(text);
    close();
  };
  const list = el(
    "ul",
    { role: "listbox", tabindex: "-1" },
    options.map((text) =>
      el(
        "li",
        {
          role: "option",
          tabindex: "0",
          "aria-selected": String(text === chosen),
          click: () => pick(text),
          keydown: (event) => steer(event, () => pick(text), close),
        },
        text,
      ),
    ),
  );
  portal.append(el("div", { class: "fundo-invisivel", click: close }), place(list, box));
  document.body.append(portal);
  root.setAttribute("aria-hidden", "true");
  box.setAttribute("aria-expanded", "true");
  list.querySelector("li").focus();
}

function steer(event, pick, close) {
  const item = event.currentTarget;
  if (event.key === "Enter" || event.key === " ") pick();
  else if (event.key === "Escape") close();
  else if (event.key === "ArrowDown") item.nextElementSibling?.focus();
  else if (event.key === "ArrowUp") item.previousElementSibling?.focus();
  else return;
  event.preventDefault();
}

/** A paper for popups, below its box, or above where there is no room. */
export function place(content, box) {
  const paper = el("div", { class: "papel" }, content);
  const frame = box.getBoundingClientRect();
  const below = window.innerHeight - frame.bottom > 250 || frame.top < 250;
  paper.style.left = `${frame.left}px`;
  paper.style.width = `${frame.width}px`;
  if (below) paper.style.top = `${frame.bottom + 4}px`;
  else paper.style.bottom = `${window.innerHeight - frame.top + 4}px`;
  return paper;
}
