/* The page's form: its fields become the automation's answers, and whoever fills them in is helped.
 *
 * 1. Webflow's field names differ in case, hyphens, accents and little words; the answers' names do not.
 *    A name that nobody here knows stays what it is: it may belong to another automation.
 * 2. What the visitor typed is sent; what the site hides (tracking ids, tokens) stays with the site,
 *    unless it plainly is one of the answers.
 * 3. Help never blocks: a field may stay wrong and the form is still submitted. Nothing is said of an
 *    empty field.
 * 4. A separator comes with the character behind it, never before: so deleting at the end needs no rule.
 */
import { h, set } from "./node.mjs";
import { say, WRONG } from "./words.mjs";

/** What every quote asks for. */
export const ANSWERS = ["nome", "cpf", "placa", "cep", "email", "celular", "data_nascimento", "sexo", "estado_civil"];
const CHOICES = {
  sexo: ["Feminino", "Masculino"],
  estado_civil: ["Solteiro", "Casado ou União Estável", "Divorciado", "Separado", "Viúvo"],
};

// Beside ANSWERS: what is asked with little words ("uso do veículo"), or known to a site without asking.
const KNOWN = /^(tipo|uso)_veiculo$|^(zero_km|kit_gas|combustivel)$|_(condutor|residencia)$/;
const ALIASES = {
  nome: /^name$|^nome_completo/,
  email: /^e_mail/,
  celular: /^(tele)?fone|^celular_|^whats|^phone/,
  ddd_celular: /^ddd/,
  data_nascimento: /^(data_)?nasc(imento)?$/,
  placa: /^placa_(carro|moto|veiculo)$/,
};
const WITHOUT_ANSWER = /^(submit|button|reset|image|file|password)$/;
const TRACKING = /^(utm_|gclid|gbraid|wbraid|fbclid|fbp$|fbc$|msclkid|g_recaptcha|cf_turnstile)/;
const MASKS = { __proto__: null, cpf: "000.000.000-00", cep: "00000-000", data_nascimento: "00/00/0000", ddd_celular: "00" };
const CHECKS = {
  __proto__: null,
  cpf: { test: isCpf },
  placa: /^[A-Z]{3}\d[A-Z\d]\d\d$/,
  cep: /^(?!0+$)\d{8}$/,
  // No area code holds a zero; a mobile number begins with a nine.
  celular: /^[1-9]{2}9\d{8}$/,
  email: /^[^\s@]+@[^\s@]+\.[^\s@.]+$/,
  data_nascimento: { test: isAdult },
};
let remarks = 0;

/** A name as people read it. */
export function readable(name) {
  return name.length < 4 ? name.toUpperCase() : name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
}

/** The form's answers by their own names; empty fields are left out. */
export function readForm(form) {
  const answers = {};
  for (const field of form.elements) {
    const { type } = field;
    const name = answerOf(field);
    if (!name || field.disabled || (type === "radio" && !field.checked)) continue;
    const value = type === "checkbox" ? field.checked : field.value.trim();
    // The answer's own name counts for more than another one for it ("Telefone" beside "Celular").
    if (value !== "" && (!(name in answers) || slug(field) === name)) answers[name] = value;
  }
  const { ddd_celular: ddd, ...rest } = answers;
  if (ddd && digits(rest.celular).length < 10) rest.celular = digits(ddd) + digits(rest.celular);
  return rest;
}

/** What the page calls this answer, or its name made readable. */
export function labelOf(form, name) {
  const field = fieldOf(form, name);
  // A radio button's label is one of the choices.
  if (!field || field.type === "radio") return readable(name);
  const { labels, placeholder } = field;
  // The label's first words: around a <select> it holds all the options, too. "000.000.000-00" is an
  // example, no name.
  const names = [
    ...[...(labels?.[0]?.childNodes ?? [])].map(({ textContent }) => textContent),
    field.getAttribute("aria-label"),
    /[\d/@]/.test(placeholder) ? "" : placeholder,
  ];
  return names.map((text) => (text ?? "").replace(/[\s*:]+$/, "").trim()).find(Boolean) || readable(name);
}

/** The page's own options, else the values that the service knows: `[[value, text], …]`; undefined without. */
export function choicesOf(form, name) {
  const own = fieldOf(form, name)?.options;
  if (own) return [...own].map(({ value, text }) => [value, text]);
  return CHOICES[name] && ["", ...CHOICES[name]].map((value) => [value, value]);
}

/** Helps whoever fills in the form. Returns what ends it. */
export function attend(form) {
  const wrong = new Map();
  const end = new AbortController();
  const settle = (field) => {
    wrong.get(field)?.();
    wrong.delete(field);
  };
  const hear = ({ type, target, inputType, isComposing }) => {
    const ddd = fieldOf(form, "ddd_celular");
    if (!isComposing) format(target, inputType, ddd);
    // Both halves of a number are judged as one, beside the second.
    const field = target === ddd ? fieldOf(form, "celular") : target;
    const kind = field && kindOf(field);
    if (!CHECKS[kind]) return;
    const text = essence(kind, field.value);
    const area = kind === "celular" && text.length < 10 ? digits(ddd?.value) : "";
    if (!text || CHECKS[kind].test(area + text)) settle(field);
    else if (type === "focusout" && !wrong.has(field)) wrong.set(field, remark(field, say(WRONG[kind])));
  };
  // Before the page's own listeners, so that they find what the visitor sees.
  for (const type of ["input", "compositionend", "focusout"])
    form.addEventListener(type, hear, { capture: true, signal: end.signal });
  return () => {
    end.abort();
    [...wrong.keys()].forEach(settle);
  };
}

// ── names ──

function answerOf(field) {
  const { type } = field;
  const name = slug(field);
  const short = name.replace(/_(d[aeo]s?|n[ao])(?=_)/g, "");
  const known = (given) => ANSWERS.includes(given) || KNOWN.test(given);
  const alias = Object.keys(ALIASES).find((key) => ALIASES[key].test(short));
  const answer = alias ?? (known(short) ? short : name);
  if (TRACKING.test(name) || WITHOUT_ANSWER.test(type) || (type === "hidden" && !known(answer))) return "";
  // "I agree to be called" is no number.
  return type === "checkbox" && ANSWERS.includes(answer) ? "" : answer;
}

// Webflow numbers the second field of a name: "CPF-2".
function slug({ name }) {
  const plain = String(name ?? "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "_").replace(/^_|(_\d)?_?$/g, "");
}

function fieldOf(form, name) {
  return [...(form?.elements ?? [])].find((field) => answerOf(field) === name);
}

function kindOf(field) {
  return answerOf(field).replace(/_condutor$/, "");
}

// ── typing ──

function format(field, action, halved) {
  const { value, selectionStart: caret, maxLength } = field;
  const kind = kindOf(field);
  const rest = value.slice(caret ?? 0);
  // "1/2/1990", typed or pasted; in the middle of a date a digit may be on its way out.
  const before = rest ? value.slice(0, caret) : value.replace(/\b\d\//g, "0$&");
  const chars = essence(kind, before + rest);
  let mask = maskOf(kind, chars, halved);
  // The browser's own dates and numbers have no caret; "+55" is finished by its writer.
  if (!mask || caret === null || value[0] === "+") return;
  if (maxLength > 0 && maxLength < mask.length) mask = mask.replace(/\W/g, "");
  const text = fill(mask, chars);
  if (text === value) return;
  let place = fill(mask, essence(kind, before)).length;
  // Backwards one stops before a separator, else behind it: so no key is pressed in vain.
  while (!/Backward/.test(action) && /\W/.test(text.charAt(place))) place += 1;
  field.value = text;
  if (field.matches(":focus")) field.setSelectionRange(place, place);
}

/** What counts of a text, without the separators. */
function essence(kind, text) {
  if (kind === "email") return text.trim();
  if (kind === "placa") return text.replace(/[^a-z\d]/gi, "").toUpperCase();
  const number = digits(text.replace(/^(\d{4})-(\d\d)-(\d\d)$/, "$3$2$1"));
  // Neither the country's code nor the trunk's zero.
  return /celular/.test(kind) ? number.replace(/^0+|^55(?=\d{11})/, "") : number;
}

function maskOf(kind, chars, halved) {
  if (kind === "placa") return /^\D{3}\d\d/.test(chars) ? "000-0000" : "0000000";
  if (kind !== "celular") return MASKS[kind];
  return halved && chars.length < 11 ? "00000-0000" : "(00) 00000-0000";
}

function fill(mask, chars) {
  let next = 0;
  return mask.replace(/./g, (place) => (next < chars.length ? (place === "0" ? chars[next++] : place) : ""));
}

// ── judging ──

// Each check digit is a weighted sum of those before it.
function isCpf(text) {
  const sum = (size) => [...text.slice(0, size)].reduce((total, digit, place) => total + digit * (size + 1 - place), 0);
  return /^(\d)(?!\1{10})\d{10}$/.test(text) && [9, 10].every((size) => ((sum(size) * 10) % 11) % 10 === +text[size]);
}

function isAdult(text) {
  const [, day, month, year] = /^(..)(..)(.*)/.exec(text) ?? [];
  const age = (digits(new Date().toISOString()).slice(0, 8) - (year + month + day)) / 1e4;
  // A day that the month does not have falls into the next one.
  return new Date(year, month - 1, day).getMonth() === month - 1 && age >= 18 && age < 121;
}

/** A word beside the field; returns what takes it away. */
function remark(field, words) {
  const id = `andamento-${++remarks}`;
  const before = field.getAttribute("aria-describedby") ?? "";
  // Through the object model and in colours of its own: whatever the site's policy and background.
  const note = set(h("small"), { id, "aria-live": "polite" });
  note.style.cssText =
    "display:block!important;padding:4px;background:#fff!important;color:#b3261e!important;font-size:14px!important";
  (field.closest("label") ?? field).after(note);
  set(field, { "aria-describedby": `${before} ${id}`, "aria-invalid": "true" });
  // A screen reader announces what changes in a region that is already there.
  setTimeout(() => (note.textContent = words), 99);
  return () => {
    note.remove();
    set(field, { "aria-describedby": before, "aria-invalid": "false" });
  };
}

function digits(text) {
  return String(text ?? "").replace(/\D/g, "");
}
