/* The page's form: its fields become the automation's answers.
 *
 * 1. Webflow's field names differ in case, hyphens and accents; the answers' names do not.
 * 2. What the visitor typed is sent; what the site hides (tracking ids, tokens) stays with the site,
 *    unless it plainly is one of the answers.
 */
export const LABELS = {
  nome: "Nome completo",
  cpf: "CPF",
  placa: "Placa",
  cep: "CEP",
  email: "E-mail",
  celular: "Celular com DDD",
  data_nascimento: "Data de nascimento",
  sexo: "Sexo",
  estado_civil: "Estado civil",
};
export const CHOICES = {
  sexo: ["Feminino", "Masculino"],
  estado_civil: ["Solteiro", "Casado ou União Estável", "Divorciado", "Separado", "Viúvo"],
};

const ALIASES = {
  data_de_nascimento: "data_nascimento",
  nascimento: "data_nascimento",
  ddd: "ddd_celular",
  ddd_telefone: "ddd_celular",
  e_mail: "email",
  nome_completo: "nome",
  telefone: "celular",
  whatsapp: "celular",
};
const WITHOUT_ANSWER = ["submit", "button", "reset", "image", "file", "password"];
const TRACKING = /^(utm_|gclid|gbraid|wbraid|fbclid|fbp$|fbc$|msclkid|g_recaptcha|cf_turnstile)/;

/** The text in lower case and without accents. */
export function plain(text) {
  return String(text ?? "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
}

/** The form's answers by their own names; empty fields are left out. */
export function readForm(form) {
  const answers = {};
  for (const field of form.elements) {
    const name = answerName(field.name);
    if (!name || field.disabled || !isAnswer(name, field)) continue;
    if (field.type === "checkbox") answers[name] = field.checked;
    else if (field.value.trim()) answers[name] = field.value.trim();
  }
  const { ddd_celular: ddd, ...rest } = answers;
  if (ddd && digits(rest.celular).length < 10) rest.celular = digits(ddd) + digits(rest.celular);
  return rest;
}

function answerName(given) {
  const name = plain(given).replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return ALIASES[name] ?? name;
}

function isAnswer(name, { type, checked }) {
  if (TRACKING.test(name) || WITHOUT_ANSWER.includes(type)) return false;
  return type === "hidden" ? name in LABELS : type !== "radio" || checked;
}

function digits(text) {
  return String(text ?? "").replace(/\D/g, "");
}
