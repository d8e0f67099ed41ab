/* The words: what the modal itself says, in the visitor's language.
 *
 * 1. What a run says (titles, messages, plans) comes from the service and is shown as it is.
 * 2. A text is Portuguese|English; `$` stands for a value, in the order given.
 * 3. One language for the whole page.
 * 4. TEXT is asked for by name alone (`TEXT.quote`): so the minifier puts each text where it is said.
 */
export const TEXT = {
  quote: "Sua cotação|Your quote",
  minimize: "Minimizar|Minimize",
  close: "Fechar|Close",
  steps: "Etapas|Steps",
  step: "Etapa $ de $|Step $ of $",
  now: "agora|now",
  stopped: "parou aqui|stopped here",
  estimate: "Estimativa inicial|First estimate",
  arrived: "A primeira estimativa chegou.|The first estimate is here.",
  coming: "A primeira estimativa aparece aqui.|The first estimate appears here.",
  rough: "Valores aproximados: o preço final depende do seu perfil.|Approximate: the final price depends on you.",
  range: "$ a $|$ to $",
  yes: "Incluído|Included",
  no: "Não incluído|Not included",
  assumed: "O que consideramos na sua cotação|What we assumed for your quote",
  usual: "O formulário não perguntou: usamos o mais comum. O corretor pode ajustar.|The form did not ask: we took what is usual. Your broker can change it.",
  preparing: "Preparando sua cotação|Preparing your quote",
  moment: "Um momento…|One moment…",
  queued: "Sua cotação está na fila|Your quote is in the queue",
  place: "$ª posição na fila|Number $ in the queue",
  wait: ", cerca de $|, about $",
  paused: "Sua cotação está em pausa|Your quote is paused",
  longest: "É a parte mais longa. Pode minimizar: avisamos aqui.|This is the longest part. You may minimize: we tell you here.",
  minute: "Falta menos de 1 minuto|Less than a minute left",
  minutes: "Faltam cerca de $ minutos|About $ minutes left",
  between: "Faltam de $ a $ minutos|$ to $ minutes left",
  done: "Sua cotação está pronta|Your quote is ready",
  manual: "Sua cotação segue com um especialista|A specialist takes over your quote",
  cancelled: "Cotação cancelada|Quote cancelled",
  nothing: "Nada foi contratado.|Nothing was bought.",
  failed: "Não foi possível concluir a cotação|The quote could not be completed",
  best: "Plano recomendado|Recommended plan",
  other: "Plano alternativo|Alternative plan",
  offline: "Sem conexão com o serviço de cotação|The service cannot be reached",
  full: "Muita gente cotando agora|Many people are quoting now",
  refused: "Não foi possível começar a cotação|The quote could not be started",
  gone: "Esta cotação não está mais disponível|This quote is no longer available",
  here: "O que você preencheu continua aqui. |What you filled in is still here. ",
  soon: "Tente de novo em alguns instantes.|Try again in a moment.",
  net: "Confira sua internet e tente de novo.|Check your connection and try again.",
  door: "Tentamos de novo em $.|We try again in $.",
  lost: "Conexão perdida, reconectando. Sua cotação continua.|Connection lost, reconnecting. Your quote goes on.",
  back: "Conexão de volta.|Connected again.",
  check: "Confira seus dados|Check your details",
  then: "Depois, sua cotação começa.|Then your quote starts.",
  go: "Continuar|Continue",
  again: "Tentar de novo|Try again",
  correct: "Corrigir meus dados|Correct my details",
  cancel: "Cancelar cotação|Cancel quote",
  sure: "Cancelar mesmo?|Really cancel?",
  leave: "Sim, cancelar|Yes, cancel",
  stay: "Não, continuar|No, go on",
  print: "Imprimir ou salvar|Print or save",
  call: "Ligar $|Call $",
};

/** Beside a field of the page's form, by what it holds. */
export const WRONG = {
  cpf: "Confira o CPF: são 11 números.|Please check the CPF: 11 digits.",
  placa: "Confira a placa: ABC1D23 ou ABC-1234.|Please check the plate: ABC1D23 or ABC-1234.",
  cep: "Confira o CEP: são 8 números.|Please check the CEP: 8 digits.",
  celular: "Confira o celular, com DDD.|Please check the mobile number, with area code.",
  email: "Confira o e-mail.|Please check the e-mail.",
  data_nascimento: "Confira a data: DD/MM/AAAA, 18 anos ou mais.|Please check the date: DD/MM/YYYY, 18 or older.",
};

/** The rows of a plan in the order in which they are shown; without a text where the name itself reads well. */
export const ROWS = {
  __proto__: null,
  valor_franquia: "Franquia|Deductible",
  valor_mercado: "Valor de mercado|Market value",
  assistencia: "Assistência|Assistance",
  vidros: "|Glass",
  carro_reserva: "|Replacement car",
  danos_materiais: "|Property damage",
  danos_corporais: "|Bodily injury",
  danos_morais: "|Moral damages",
  morte_invalidez: "Morte ou invalidez|Death or disability",
};

let tongue = 0;

/** From now on in this language (a BCP 47 tag): English, or else Portuguese. */
export function speak(language) {
  tongue = /^en/i.test(language) ? 1 : 0;
}

/** The text in the language in force, its `$` replaced by the values. */
export function say(text, ...values) {
  return text.split("|")[tongue].replace(/\$/g, () => values.shift());
}

/** The language in force, as a tag. */
export function language() {
  return say("pt-BR|en");
}
