/* The tag: what the page says with its attributes. What cannot work costs one line on the console and
 * leaves the page as it is. */

/** What is wrong with these attributes, as a sentence for the site's owner; "" if nothing is. */
export function problemOf({ form, api }) {
  if (form === "") return 'falta o atributo data-form="#formulario" na tag do script.';
  if (!originOf(api)) return `data-api="${api}" não é um endereço http(s).`;
  try {
    if (!form || document.querySelector(form) instanceof HTMLFormElement) return "";
  } catch {
    // No selector finds nothing either.
  }
  return `o seletor data-form="${form}" não aponta para nenhum <form> desta página.`;
}

/** The origin of an address; "" where it has none. */
export function originOf(address) {
  try {
    const { origin } = new URL(address);
    return /^http/.test(origin) ? origin : "";
  } catch {
    return "";
  }
}
