// The broker's login: a modal that is in the document from the landing page on, hidden. It is
// followed, in one scenario, by a second modal about another account.

import { call } from "./api.js";
import { el, later } from "./dom.js";
import { textField } from "./field.js";
import { dialog, setBusy, showFailure } from "./overlay.js";

let opened = () => {};

const email = textField({ id: "emailTelaLogin", caption: "E-mail *" });
const password = textField({ id: "senhaTelaLogin", caption: "Senha *", type: "password" });
const reason = el("p", {});
const warning = el("div", { class: "atencao sumido" }, el("strong", {}, "Atenção"), reason);
const form = el(
  "form",
  { novalidate: true, submit: signIn },
  el("p", {}, "Entre com a conta do corretor para ver os valores."),
  email.node,
  password.node,
  warning,
  el(
    "button",
    { type: "submit", id: "gtm-telaLoginBotaoAcessar", class: "botao" },
    el("p", {}, "Acessar"),
  ),
);
const login = dialog("dialog", "Acesse sua conta para visualizar o resultado final", form);

const choice = (id, text, kind, click) =>
  el("button", { type: "button", id, class: `botao ${kind}`, click }, el("p", {}, text));
const mismatch = dialog(
  "dialog",
  "CPF informado não corresponde à conta",
  el("p", {}, "O CPF da cotação é diferente do CPF da conta usada. O que você deseja fazer?"),
  choice("manterLoginAtualModalAssociarUsuario", "Manter o login atual", "", keepAccount),
  choice("logarComOutraContaModalAssociarUsuario", "Entrar com outra conta", "claro", () => {
    mismatch.close();
    login.open();
  }),
);

/** Puts both dialogs into the document, hidden. */
export const mountLogin = () => document.body.append(login.node, mismatch.node);

/** Shows the login; `onOpened` gets what the server delivers once somebody is in. */
export function askLogin(onOpened) {
  opened = onOpened;
  login.open();
}

async function signIn(event) {
  event.preventDefault();
  warning.classList.add("sumido");
  const answer = await held("entrar", { email: email.value(), senha: password.value() });
  if (answer?.erro) {
    reason.textContent = answer.erro;
    warning.classList.remove("sumido");
  } else if (answer) {
    login.close();
    if (answer.conta_diferente) mismatch.open();
    else opened(answer);
  }
}

async function keepAccount() {
  const answer = await held("associar");
  if (!answer) return;
  mismatch.close();
  if (answer.login) login.open();
  else opened(answer);
}

/** A call under the spinner; nothing where it failed, which is shown. */
async function held(door, data = {}) {
  setBusy(true);
  try {
    return await call(door, data);
  } catch (error) {
    showFailure(error.message, () => later(0));
    return null;
  } finally {
    setBusy(false);
  }
}
