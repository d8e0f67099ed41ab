// The address field: eight digits bring, after a debounce, suggestions in a popup at the end of the
// body; only a chosen suggestion counts, and typing on takes the choice back.

import { call, run } from "./api.js";
import { el } from "./dom.js";
import { textField } from "./field.js";
import { place } from "./listbox.js";

const ID = "enderecoTelaEndereco";

/** The field: `{id, node, read(), setError(), close()}`. */
export function addressField() {
  const field = textField({
    id: ID,
    caption: "CEP ou endereço *",
    placeholder: "Digite o CEP",
    role: "combobox",
    "aria-autocomplete": "list",
  });
  let chosen = { cep: "", endereco: "" };
  let popup = null;
  let timer = null;
  let asked = 0;
  const close = () => {
    popup?.remove();
    popup = null;
  };
  const choose = (cep, address) => {
    chosen = { cep, endereco: address.completo };
    field.put(address.completo);
    close();
  };
  const ask = async (cep, number) => {
    const { enderecos } = await call("enderecos", { cep });
    if (number !== asked || !field.node.isConnected) return; // the text has changed meanwhile
    close();
    popup = suggestions(enderecos, field.input.parentElement, (found) => choose(cep, found));
    document.body.append(popup);
  };
  field.input.addEventListener("input", () => {
    chosen = { cep: "", endereco: "" };
    clearTimeout(timer);
    close();
    const number = (asked += 1);
    const cep = field.value().replace(/\D/g, "");
    if (cep.length === 8) {
      timer = setTimeout(() => ask(cep, number).catch(() => {}), run.pace.digitacao);
    }
  });
  field.input.addEventListener("blur", close);
  const read = () => ({ cep: chosen.cep, [ID]: chosen.endereco });
  return { ...field, read, close };
}

function suggestions(found, box, choose) {
  const items = found.map((address, index) =>
    el(
      "div",
      {
        role: "option",
        id: `${ID}-option-${index}`,
        "aria-selected": "false",
        // Keeps the focus in the field: its blur would close the popup before the click.
        mousedown: (event) => event.preventDefault(),
        click: () => choose(address),
      },
      el("p", {}, address.titulo),
      el("p", { class: "miudo" }, address.completo.split(" - ").pop()),
    ),
  );
  const list = el("div", { role: "listbox", id: `${ID}-listbox` }, items);
  const none = el("p", { class: "sem-opcoes" }, "Nenhum endereço encontrado");
  return el("div", { role: "presentation", class: "flutua" }, place(items.length ? list : none, box));
}
