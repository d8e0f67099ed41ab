// Screens 11 to 14: the questionnaire.

import { boxWithSwitch, dependent, radioGroup } from "./choice.js";
import { el } from "./dom.js";
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

export function garage() {
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
    title: "Você possui uma garagem na sua residência?",
    continueId: "gtm-telaGaragemResidenciaContinuar",
    continueIsParagraph: true,
    controls: [group],
    extra: () => [gate.control()],
  });
}

export function young() {
  const sex = () =>
    radioGroup({
      name: "sexoDependenteTelaUsoResidentes",
      question: "Qual é o sexo dos residentes?",
      options: [["feminino", "Feminino"], ["masculino", "Masculino"], ["ambos", "Ambos"]],
    });
  const age = () =>
    radioGroup({
      name: "faixaEtariaDependenteTelaUsoResidentes",
      question: "Qual é a faixa etária do mais novo?",
      options: [["18_24", "18 a 24 anos"], ["25", "25 anos"]],
    });
  const group = radioGroup({
    name: "usoDependenteTelaUsoResidentes",
    options: [
      ["nao", "Não"],
      ["sim_nao_utilizam", "Sim, mas não utilizam o veículo"],
      ["sim_utilizam", "Sim e utilizam o veículo"],
    ],
    onChange: (value) => youngest.show(value === "sim_utilizam"),
  });
  const youngest = dependent(group.node, () => {
    const fields = [sex(), age()];
    return { node: el("div", {}, fields.map((field) => field.node)), fields };
  });
  return formScreen({
    title: "Você reside com alguém entre 18 e 26 anos?",
    continueId: "gtm-telaUsoResidentesContinuar",
    controls: [group],
    extra: () => youngest.control()?.fields ?? [],
  });
}

export function formerBroker() {
  return formScreen({
    title: "Encontramos uma cotação anterior",
    note: "Você já fez uma cotação com outro corretor. Deseja continuar com ele?",
    continueId: "gtm-telaCorretorAnteriorContinuar",
    controls: [
      radioGroup({
        name: "corretorAnteriorTelaCorretorAnterior",
        options: [
          ["sim", "Sim, continuar com meu corretor"],
          ["nao", "Não, quero outro corretor"],
        ],
      }),
    ],
  });
}
