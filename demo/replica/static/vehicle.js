// Screens 2, 3, 4, 5.5 and 6: the vehicle. A screen is `{title, body, continueId, fields(), read()}`.

import { boxGroup, dependent, radioGroup } from "./choice.js";
import { el } from "./dom.js";
import { textField } from "./field.js";
import { listbox } from "./listbox.js";
import { plate as plateMask } from "./mask.js";

const SIM_NAO = [["sim", "Sim"], ["nao", "Não"]];
const SIM_NAO_TEXT = [["Sim", "Sim"], ["Não", "Não"]];
const FUELS = ["Flex", "Gasolina", "Álcool", "Diesel", "Híbrido", "Elétrico"];
const INSURERS = ["Aurora Seguros", "Bem-te-vi Seguros", "Horizonte Seguros", "Outra"];

const of = (data) => (data.tipo === "moto" ? "da moto" : "do carro");

/** What all screens of plain controls share: fields by id, values by id. */
export function formScreen({ title, continueId, controls, extra = () => [], ...rest }) {
  const fields = () => [...controls, ...extra()].filter(Boolean);
  return {
    title,
    continueId,
    body: controls.map((control) => control.node),
    fields,
    read: () => Object.fromEntries(fields().map((control) => [control.id, control.value()])),
    ...rest,
  };
}

export function plate(data) {
  const field = textField({
    id: "placaTelaDadosPlaca",
    caption: "Placa *",
    mask: plateMask,
    maxlength: "8",
    placeholder: "ABC-1D23",
  });
  return formScreen({
    title: `Qual é a placa ${of(data)}?`,
    note: "Com a placa encontramos o modelo e o ano para você.",
    continueId: "gtm-telaDadosAutoCotarComPlacaContinuar",
    controls: [field],
    backText: "Cancelar",
  });
}

export function vehicle(data) {
  const { modelo, ano, placa } = data.veiculo;
  const part = (text) => el("span", {}, text);
  const title = el("h1", {}, "O veículo ", part(modelo), " ", part(ano), " corresponde a placa ");
  title.append(part(`${placa.slice(0, 3)}-${placa.slice(3)}`), "?");
  if (data.outra_versao) title.textContent = `O veículo ${modelo} ${ano} corresponde à placa ${placa}?`;
  return formScreen({
    title,
    continueId: "gtm-telaInfosAutoContinuar",
    controls: [
      radioGroup({
        name: "confirmarVeiculoTelaInformacoesVeiculo",
        options: SIM_NAO_TEXT,
        chosen: "Sim",
      }),
    ],
  });
}

export function renewal() {
  const group = radioGroup({
    name: "jaSeguradoTelaRenovacao",
    options: SIM_NAO,
    chosen: "nao",
    onChange: (value) => insurer.show(value === "sim"),
  });
  const insurer = dependent(group.node, () =>
    listbox({ id: "seguradoraTelaRenovacao", caption: "Qual é a seguradora atual?", options: INSURERS }),
  );
  return formScreen({
    title: "Esse veículo já está segurado?",
    continueId: "gtm-telaRenovacaoVeiculoContinuar",
    controls: [group],
    extra: () => [insurer.control()],
  });
}

export function brandNew() {
  return formScreen({
    title: "O veículo é zero km?",
    continueId: "gtm-telaZeroKmContinuar",
    controls: [
      radioGroup({
        name: "zerokmTelaZeroKm",
        options: SIM_NAO_TEXT,
        chosen: "Não",
        caption: "Zero km",
      }),
    ],
  });
}

export function items(data) {
  const motorbike = data.tipo === "moto";
  const fuel = radioGroup({
    name: "tipoCombustivelTelaItens",
    options: FUELS.map((text, index) => [String(index + 1), text]),
    chosen: "1",
    caption: "Tipo de combustível",
  });
  const others = boxGroup({
    id: "outrosTelaItens",
    caption: "Outros itens",
    values: motorbike ? ["Blindado", "Financiado"] : ["Kit Gás", "Blindado", "Financiado"],
  });
  return formScreen({
    title: `${motorbike ? "A moto" : "O carro"} possui alguns desses itens?`,
    continueId: "gtm-telaItensAutoContinuar",
    controls: [fuel, others],
  });
}
