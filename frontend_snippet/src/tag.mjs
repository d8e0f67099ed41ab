/* The tag: what the page says with its attributes. What cannot work costs one line on the console and
 * leaves the page as it is. */

/** What is wrong with these attributes, as a sentence for the site's owner; "" if nothing is. */
export function problemOf({ form, api }) {
  if (form === "") return 'falta o atributo data-form="#formulario" na tag do script.';
  if (!originOf(api)) return `data-api="${api}" não é um endereço http(s).`;
  try {
    if (!form || document.querySelector(form) instanceof HTMLFormElement) return "";
    return `data-form="${form}" não aponta para nenhum <form> desta página.`;
  } catch {
    return `data-form="${form}" não é um seletor CSS válido.`;
  }
}

/** The origin of an address; "" where it has none. */
export function originOf(address) {
  try {
    const { origin, protocol } = new URL(address);
    return protocol.startsWith("http") ? origin : "";
  } catch {
    return "";
  }
}

export function complain(problem) {
  console.error(`andamento.js: ${problem} A cotação ao vivo não foi ligada; o resto da página segue igual.`);
}
