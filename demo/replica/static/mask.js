// Masks: what a field makes of the text that is in it. Each takes the new text, the last accepted
// text and the piece that came in at once, and gives the text to show.

const digits = (text) => text.replace(/\D/g, "");

/** Puts digits into a pattern of nines, as far as they reach. */
function pour(pattern, figures) {
  let shown = "";
  let next = 0;
  for (const sign of pattern) {
    if (next >= figures.length) break;
    shown += sign === "9" ? figures[next++] : sign;
  }
  return shown;
}

export function plate(text) {
  const bare = text.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 7);
  return bare.length > 3 ? `${bare.slice(0, 3)}-${bare.slice(3)}` : bare;
}

export const cpf = (text) => pour("999.999.999-99", digits(text));

export const birth = (text) => pour("99/99/9999", digits(text));

/** Digit by digit: of several that come in at once only the first is kept. */
export function mobile(text, before, piece) {
  const had = digits(before);
  const came = digits(piece ?? "");
  let figures = digits(text);
  if (came.length > 1) figures = came.slice(0, 1);
  else if (figures.length > had.length + 1) figures = figures.slice(0, had.length + 1);
  return pour("(99) 99999-9999", figures);
}

export const plain = (text) => text;
