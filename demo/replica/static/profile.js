// Screens 7 to 10: where the vehicle sleeps, its use, the insured and the driver.

import { addressField } from "./address.js";
import { dependent, radioGroup } from "./choice.js";
import { el } from "./dom.js";
import { textField } from "./field.js";
import { listbox } from "./listbox.js";
import * as mask from "./mask.js";
import { formScreen } from "./vehicle.js";

const MARITAL = ["Casado ou União Estável", "Divorciado", "Separado", "Solteiro", "Viúvo"];
const USES = [
  ["Particular", "Pessoal"],
  ["Profissional", "Profissional"],
  ["Motorista de App", "Motorista de aplicativo"],
  ["Taxi", "Taxi"],
];

const vehicleOf = ({ tipo, outra_versao: other }) =>
  other ? "o veículo" : tipo === "moto" ? "a moto" : "o carro";

export function overnight(data) {
  const field = addressField();
  return formScreen({
    title: `Onde ${vehicleOf(data)} passa a noite?`,
    note: "Digite o CEP e escolha o endereço na lista.",
    continueId: "gtm-telaPernoiteVeiculoContinuar",
    controls: [field],
    read: field.read,
    leave: field.close,
  });
}

export function use({ outra_versao: other }) {
  return formScreen({
    title: other ? "Uso do veículo" : "Qual é o uso do veículo?",
    continueId: "gtm-telaUsoVeiculoContinuar",
    controls: [
      radioGroup({
        name: "finalidadeVeiculoTelaUsoVeiculo",
        options: USES.map(([value, text]) => [value, other ? value : text]),
        chosen: "Particular",
      }),
    ],
  });
}

/** The five questions that the insured and another driver have in common. */
function person(room) {
  return [
    textField({ id: `nome${room}`, caption: "Nome completo *" }),
    textField({
      id: `cpf${room}`,
      caption: "CPF *",
      mask: mask.cpf,
      inputmode: "numeric",
      placeholder: "000.000.000-00",
    }),
    textField({
      id: `dataNascimento${room}`,
      caption: "Data de nascimento *",
      mask: mask.birth,
      inputmode: "numeric",
      placeholder: "DD/MM/AAAA",
    }),
    listbox({ id: `sexo${room}`, caption: "Sexo *", options: ["Feminino", "Masculino"] }),
    listbox({ id: `estadoCivil${room}`, caption: "Estado civil *", options: MARITAL }),
  ];
}

export function insured() {
  const email = textField({ id: "emailTelaSegurado", caption: "E-mail *", inputmode: "email" });
  const mobile = textField({
    id: "celularTelaSegurado",
    caption: "Celular *",
    mask: mask.mobile,
    type: "tel",
    placeholder: "(99) 99999-9999",
  });
  return formScreen({
    title: "Dados do segurado",
    note: "Agora precisamos conhecer você.",
    continueId: "gtm-telaDadosSeguradoContinuar",
    controls: [...person("TelaSegurado"), email, mobile],
    layout: "duas-colunas",
  });
}

export function driver({ outra_versao: changed }) {
  const group = radioGroup({
    name: "condutorPrincipalTelaCondutorPrincipal",
    options: [["sim", "Sim"], ["nao", "Não"]],
    chosen: "sim",
    onChange: (value) => other.show(value === "nao"),
  });
  const other = dependent(group.node, () => {
    const fields = person("TelaCondutorPrincipal");
    return { node: el("div", { class: "duas-colunas" }, fields.map((field) => field.node)), fields };
  });
  return formScreen({
    title: changed
      ? "O condutor principal é o segurado?"
      : "Você será o condutor principal do veículo?",
    continueId: "gtm-telaCondutorPrincipalContinuar",
    controls: [group],
    extra: () => other.control()?.fields ?? [],
  });
}
