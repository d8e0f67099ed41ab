/* Invented histories in the contract's shapes: what a run would say, without a run. Nobody in it is real.
 *
 * 1. A fact is [type, data]; the service numbers and dates it.
 * 2. What a run says is Portuguese, whatever language the modal speaks: so it is in life.
 */
const SCREENS = [
  ["1", "Tipo de seguro"],
  ["2", "Placa do carro"],
  ["3", "Seu veículo"],
  ["4", "Seguro atual"],
  ["5", "Estimativa inicial"],
  ["6", "Itens do carro"],
  ["7", "Onde o carro passa a noite"],
  ["8", "Uso do veículo"],
  ["9", "Seus dados"],
  ["10", "Condutor principal"],
  ["11", "Trabalho e estudo"],
  ["12", "Garagem"],
  ["13", "Quem mora com você"],
  ["15", "Cálculo final"],
];
// In a run of usual length: how far each screen has come, in percent of the time, when it is entered.
const SHARES = [2, 3, 5, 6, 8, 13, 16, 18, 21, 24, 27, 29, 31, 34];
const WHOLE_S = 170;
const CALCULATION = [
  [52, "O site está comparando os planos para o seu carro."],
  [64, "Ainda calculando: esta parte costuma levar dois minutos."],
  [73, "Conferindo coberturas e franquias."],
  [79, "O site compara as formas de pagamento."],
  [85, "Quase lá: os planos estão chegando."],
  [91, "Lendo os planos."],
  [95, "Conferindo os preços."],
];

function progress(etapa, percentual, fase, titulo, mensagem, more) {
  const left = (WHOLE_S * (100 - percentual)) / 100;
  return ["progress", {
    etapa, etapa_atual: Number(etapa), total_etapas: 15, percentual, status: "running", fase, titulo, mensagem,
    restante_s: [Math.round(left * 0.7), Math.round(left * 1.15)], ...more,
  }];
}

export function queued(posicao, espera_s) {
  const ahead = posicao - 1;
  const words = ahead ? `Há ${ahead} pessoa${ahead > 1 ? "s" : ""} na sua frente.` : "Você é o próximo da fila.";
  const waiting = { status: "queued", restante_s: null, fila: { posicao, espera_s } };
  return progress("0", 0, "fila", "", words, waiting);
}

export function began() {
  const assumidas = [
    { campo: "combustivel", titulo: "Combustível", valor: "Flex" },
    { campo: "uso_veiculo", titulo: "Uso do veículo", valor: "Particular" },
    { campo: "garagem_residencia", titulo: "Garagem em casa", valor: "Sim, com portão eletrônico" },
    { campo: "blindado", titulo: "Veículo blindado", valor: "Não" },
    { campo: "jovens", titulo: "Alguém de 18 a 25 anos dirige o carro", valor: "Não" },
  ];
  return progress("0", 1, "aviso", "Começando", "Começando sua cotação.", { assumidas });
}

export function entered(index) {
  const [etapa, titulo] = SCREENS[index];
  const last = index === SCREENS.length - 1;
  const words = last ? "O site está calculando o preço final." : `Preenchendo: ${titulo.toLowerCase()}.`;
  return progress(etapa, SHARES[index], "entrou", titulo, words);
}

export function done(index) {
  const [etapa, titulo] = SCREENS[index];
  return progress(etapa, (SHARES[index + 1] ?? 98) - 0.5, "concluiu", titulo, `Pronto: ${titulo.toLowerCase()}.`);
}

/** Screens from `first` up to, and without, `end`: each entered and left. */
export function screens(first, end) {
  return SCREENS.slice(first, end).flatMap((_, index) => [entered(first + index), done(first + index)]);
}

export function calculation() {
  return CALCULATION.map(([share, words]) => progress("15", share, "aviso", "Cálculo final", words));
}

function coverage(nome_cobertura, low, high, ...benefits) {
  const beneficios = benefits.map((nome) => ({ nome: nome.replace(/^- /, ""), status: nome.startsWith("- ") ? "nao_incluido" : "incluido" }));
  const money = (reais) => `R$ ${reais.toLocaleString("pt-BR")},00`;
  const valores = { de: money(low), ate: money(high), de_centavos: low * 100, ate_centavos: high * 100 };
  return { nome_cobertura, valores, beneficios };
}

export function estimate() {
  const coberturas_detalhadas = [
    coverage("Compreensiva", 1980, 2640, "Colisão e acidentes", "Roubo e furto", "Incêndio", "Danos a terceiros",
      "Assistência 24h", "Carro reserva", "Vidros"),
    coverage("Roubo e furto", 1240, 1690, "Roubo", "Furto", "Assistência 24h", "- Colisão e acidentes"),
    coverage("Danos a terceiros", 890, 1320, "Danos materiais", "Danos corporais", "- Roubo e furto"),
  ];
  const resumo = { total_coberturas: 3, total_beneficios: 14, valores_encontrados: 6 };
  return ["estimate", { etapa: "5", capturado_em: "2026-01-02T12:00:09.000Z", coberturas_detalhadas, resumo }];
}

function plan(plano, valor, more) {
  return {
    plano, valor, forma_pagamento: "Boleto ou cartão em até 3x sem juros ou 12x de R$ 221,40", parcelamento: "por ano",
    valor_franquia: "R$ 4.830,00", tipo_franquia: "Reduzida", valor_mercado: "100% da tabela FIPE", assistencia: true,
    vidros: true, carro_reserva: true, danos_materiais: "R$ 100.000,00", danos_corporais: "R$ 100.000,00",
    danos_morais: "R$ 20.000,00", morte_invalidez: "R$ 10.000,00", ...more,
  };
}

/** The usual ending; with `plans` = 1, without an alternative. */
export function result(plans = 2) {
  const other = { tipo_franquia: "Normal", valor_franquia: "R$ 6.210,00", carro_reserva: false, danos_morais: "R$ 10.000,00",
    forma_pagamento: "Boleto ou cartão em até 3x sem juros ou 12x de R$ 183,10" };
  return ["result", {
    desfecho: "cotacao",
    plano_recomendado: plan("Plano recomendado", "R$ 2.286,72"),
    plano_alternativo: plans > 1 ? plan("Plano alternativo", "R$ 1.891,15", other) : null,
    mensagem: plans > 1 ? "Encontramos dois planos para o seu carro." : "Encontramos um plano para o seu carro.",
  }];
}

export function manual() {
  return ["result", {
    desfecho: "cotacao_manual",
    mensagem: "Seu perfil pede o olhar de um corretor, e isso é comum.",
    proximo_passo: "Um corretor vai falar com você em até um dia útil. Você não precisa preencher nada de novo.",
  }];
}

export function error(tipo, mensagem, sugestao) {
  return ["error", { tipo, codigo: tipo, mensagem, sugestao, etapa: "7", final: true, dados_enviados: false }];
}

export function cancelled() {
  return error("cancelado", "A cotação foi cancelada.", "");
}

/** Half way, the estimate already there. */
export function running(end = 7) {
  return [began(), ...screens(0, 5), estimate(), ...screens(5, end), entered(end)];
}

/** A whole quote: forty events. */
export function quote(plans) {
  const calculated = [entered(13), ...calculation(), done(13)];
  return [queued(2, 15), queued(1, 5), began(), ...screens(0, 5), estimate(), ...screens(5, 13), ...calculated, result(plans)];
}

/** The same facts with every text three times as long, and prices in the millions. */
export function long(facts) {
  const kept = ["etapa", "status", "fase", "desfecho", "tipo", "codigo", "campo", "capturado_em"];
  const stretch = (value, name) => {
    if (Array.isArray(value)) return value.map((item) => stretch(item));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, stretch(inner, key)]));
    if (typeof value !== "string" || kept.includes(name) || !value) return value;
    if (/^R\$ [\d.,]+$/.test(value)) return value.replace("R$ ", "R$ 1.98");
    return `${value} ${value} ${value}`;
  };
  return facts.map(([type, data]) => [type, stretch(data)]);
}
