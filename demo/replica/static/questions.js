// Screens 11 to 14: the questionnaire; and one that is on no list.

import { boxWithSwitch, dependent, radioGroup } from "./choice.js";
import { el, rename } from "./dom.js";
import { setError } from "./field.js";
import { formScreen } from "./vehicle.js";

const PLACES = [["trabalho", "Local de trabalho"], ["estudo", "Local de estudo"]];

export function activity() {
  const id = "atividadeVeiculoTelaAtividadeVeiculo";
  const switchText = "Possui estacionamento próprio";
  const blocks = PLACES.map(([value, text]) => boxWithSwitch({ value, text, switchText }));
  const node = el(
    "div",
    { class: "campo" },
    el("div", { id, role: "group", class: "grupo" }, blocks.map((block) => block.node)),
  );
  const values = (test) => blocks.filter(test).map((block) => block.value);
  return {
    title: "Você usa o veículo para ir ao trabalho ou estudo?",
    note: "Deixe em branco se não usa.",
    continueId: "gtm-telaAtividadeVeiculoContinuar",
    body: [node],
    fields: () => [{ id, setError: (message) => setError(node, message) }],
    read: () => ({
      [id]: values((block) => block.checked()),
      estacionamento: values((block) => block.switched()),
    }),
  };
}

export function garage({ outra_versao: other }) {
  const group = radioGroup({
    name: "possuiGaragemTelaGaragemResidencia",
    options: [["sim", "Sim"], ["nao", "Não"]],
    onChange: (value) => gate.show(value === "sim"),
  });
  const gate = dependent(group.node, () =>
    radioGroup({
      name: "tipoPortaoTelaGaragemResidencia",
      question: "Qual é o tipo do portão?",
      options: [["eletronico", "Eletrônico"], ["manual", "Manual"]],
    }),
  );
  return formScreen({
    title: other ? "Garagem na residência" : "Você possui uma garagem na sua residência?",
    continueId: "gtm-telaGaragemResidenciaContinuar",
    continueIsParagraph: true,
    controls: [group],
    extra: () => [gate.control()],
  });
}

// Texts with two values each: those assumed of the real site, and others in their place.
const YOUNG = [
  ["Não", "nao", "0"],
  ["Sim, mas não utilizam o veículo", "sim_nao_utilizam", "1"],
  ["Sim e utilizam o veículo", "sim_utilizam", "2"],
];
const SEXES = [["Feminino", "feminino", "F"], ["Masculino", "masculino", "M"], ["Ambos", "ambos", "A"]];
const AGES = [["18 a 24 anos", "18_24", "A"], ["25 anos", "25", "B"]];

export function young({ outra_versao: other }) {
  const options = (all) => all.map(([text, value, second]) => [other ? second : value, text]);
  const sex = () =>
    radioGroup({
      name: "sexoDependenteTelaUsoResidentes",
      question: "Qual é o sexo dos residentes?",
      options: options(SEXES),
    });
  const age = () =>
    radioGroup({
      name: "faixaEtariaDependenteTelaUsoResidentes",
      question: "Qual é a faixa etária do mais novo?",
      options: options(AGES),
    });
  const group = radioGroup({
    name: "usoDependenteTelaUsoResidentes",
    options: options(YOUNG),
    onChange: (value) => youngest.show(YOUNG[2].includes(value)),
  });
  const youngest = dependent(group.node, () => {
    const fields = [sex(), age()];
    if (other) fields.forEach(rename);
    return { node: el("div", {}, fields.map((field) => field.node)), fields };
  });
  return formScreen({
    title: other ? "Residentes de 18 a 26 anos" : "Você reside com alguém entre 18 e 26 anos?",
    continueId: "gtm-telaUsoResidentesContinuar",
    controls: [group],
    extra: () => youngest.control()?.fields ?? [],
  });
}

export function formerBroker({ outra_versao: other }) {
  return formScreen({
    title: "Encontramos uma cotação anterior",
    note: "Você já fez uma cotação com outro corretor. Deseja continuar com ele?",
    continueId: "gtm-telaCorretorAnteriorContinuar",
    controls: [
      radioGroup({
        name: "corretorAnteriorTelaCorretorAnterior",
        options: [
          [other ? "1" : "sim", "Sim, continuar com meu corretor"],
          [other ? "2" : "nao", "Não, quero outro corretor"],
        ],
      }),
    ],
  });
}

/** A screen that nobody was told of. */
export function strange() {
  return formScreen({
    title: "Conte mais sobre o seu veículo",
    note: "Esta pergunta é nova: nenhum roteiro a conhece.",
    continueId: "gtm-telaNovidadeContinuar",
    controls: [
      radioGroup({
        name: "rastreadorTelaNovidade",
        question: "O veículo tem rastreador?",
        options: [["sim", "Sim"], ["nao", "Não"]],
      }),
    ],
  });
}
