/**
 * Types for `<andamento-modal>`, the element that `andamento.js` defines.
 *
 *     /// <reference path="./andamento.d.ts" />
 *     document.querySelector("andamento-modal")?.start({ placa: "ABC1D23", … });
 *
 * 1. The script is a classic one: nothing is imported, and no name but the element's becomes global.
 *    The class is `customElements.get("andamento-modal")`.
 * 2. Wire keys are Portuguese; what they mean stands in the contract of the service (`/docs`).
 * 3. Built for what is served beside it. A newer service may add keys: read what you know.
 */

declare namespace Andamento {
  type Status = "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";

  /** The visitor's answers by their names; what is missing or wrong, the modal asks for. */
  interface Answers {
    nome?: string;
    cpf?: string;
    placa?: string;
    cep?: string;
    email?: string;
    /** With area code. */
    celular?: string;
    /** DD/MM/AAAA. */
    data_nascimento?: string;
    sexo?: string;
    estado_civil?: string;
    /** The other answers of the automation. */
    [name: string]: string | number | boolean | undefined;
  }

  /** One pass over a screen; times are RFC 3339 in UTC, null while unknown. */
  interface Visit {
    etapa: string;
    titulo: string;
    inicio: string | null;
    fim: string | null;
    duracao_s: number | null;
  }

  /** An answer that was assumed in the visitor's place, for display. */
  interface Assumption {
    campo: string;
    titulo: string;
    valor: string;
  }

  interface Queue {
    posicao: number;
    /** Seconds; null where nobody can tell. */
    espera_s: number | null;
  }

  /** An error as the snapshot keeps it. */
  interface Failure {
    /** See docs/errors.md; "cancelado" for a cancelled quote. */
    tipo: string | null;
    mensagem: string | null;
    sugestao: string | null;
    timestamp: string;
  }

  interface Coverage {
    nome_cobertura: string;
    valores: { de: string; ate: string; de_centavos: number; ate_centavos: number };
    beneficios: { nome: string; status: "incluido" | "nao_incluido" }[];
  }

  interface Estimate {
    etapa: string;
    capturado_em: string;
    coberturas_detalhadas: Coverage[];
    resumo: { total_coberturas: number; total_beneficios: number; valores_encontrados: number };
  }

  interface Plan {
    plano: string;
    valor: string;
    valor_centavos: number;
    forma_pagamento: string;
    parcelamento: string | null;
    valor_franquia: string;
    valor_franquia_centavos: number;
    tipo_franquia: string;
    valor_mercado: string;
    assistencia: boolean;
    vidros: boolean;
    carro_reserva: boolean;
    danos_materiais: string;
    danos_materiais_centavos: number;
    danos_corporais: string;
    danos_corporais_centavos: number;
    danos_morais: string;
    danos_morais_centavos: number;
    morte_invalidez: string;
    morte_invalidez_centavos: number;
  }

  interface Quote {
    desfecho: "cotacao";
    plano_recomendado: Plan;
    plano_alternativo: Plan | null;
    mensagem: string;
  }

  /** A normal ending, too: a person goes on with the quote. */
  interface ManualQuote {
    desfecho: "cotacao_manual";
    mensagem: string;
    proximo_passo: string;
  }

  type Result = Quote | ManualQuote;

  /** Where a quote stands. */
  interface Progress {
    etapa_atual: number;
    total_etapas: number;
    /** 0 to 100; never falls, and is 100 only with a result. */
    percentual: number;
    status: Status;
    mensagem: string;
    timestamp_inicio: string | null;
    timestamp_atualizacao: string | null;
    estimativas: { capturadas: boolean; dados: Estimate | null };
    resultados_finais: { rpa_finalizado: boolean; dados: Result | null };
    erros: Failure[];
    /** The last ten. */
    timeline: Visit[];
    /** Seconds, from and to; null where nobody can tell. */
    restante_s: [number, number] | null;
    fila: Queue | null;
    assumidas: Assumption[];
    source: "history";
  }

  interface Snapshot {
    cursor: number;
    terminal: boolean;
    progress: Progress;
  }

  /** One past fact of a session. */
  interface Event {
    session_id: string;
    seq: number;
    type: "progress" | "estimate" | "result" | "error";
    at: string;
    data: Record<string, unknown>;
  }

  /** What `fold` keeps between two events; its inside is its own. */
  type State = Snapshot;

  /** Events become a snapshot: `render(events.reduce(step, empty()))`. Pure. */
  interface Fold {
    empty(): State;
    step(before: State, event: Event): State;
    render(state: State): Snapshot;
    /** The state to go on from. */
    resume(snapshot: Snapshot): State;
  }

  /** What tests may replace. */
  interface Seams {
    fetch: typeof globalThis.fetch;
    EventSource: typeof globalThis.EventSource | undefined;
    WebSocket: typeof globalThis.WebSocket | undefined;
    /** In milliseconds. */
    times: Record<
      "first" | "silence" | "hold" | "poll" | "backoff" | "longest" | "start" | "door" | "lost" | "speak",
      number
    >;
  }

  /** The `data-` attributes of the script tag, and of an element placed by hand. */
  interface Attributes extends DOMStringMap {
    /** CSS selector of the form whose submit starts a quote; without it only `start` does. */
    form?: string;
    /** The service's address; default: where the script comes from. */
    api?: string;
    /** Offered as a call. */
    telefone?: string;
    /** Offered as a chat; digits with country and area code. */
    whatsapp?: string;
    /** Default: by `<html lang>`. */
    idioma?: "pt-BR" | "en" | (string & {});
    /** Default: the visitor's system. */
    tema?: "claro" | "escuro" | (string & {});
    /** What is run; default: the service's. */
    automation?: string;
  }

  /** What the element tells; every one bubbles. */
  interface ModalEventMap {
    progress: CustomEvent<Progress>;
    estimate: CustomEvent<Estimate>;
    result: CustomEvent<Result>;
    /** Failed or cancelled. */
    failure: CustomEvent<Failure>;
    /** For good: nothing of this visit goes on in the page. */
    close: CustomEvent<null>;
  }

  type ElementEvents = Omit<HTMLElementEventMap, keyof ModalEventMap> & ModalEventMap;

  interface Modal extends HTMLElement {
    readonly dataset: Attributes;
    /** Starts a quote with these answers and shows it; the same answers again show the same quote. */
    start(answers: Answers): void;
    /** Shows the dialog. */
    open(): void;
    /** Leaves the pill in the dialog's place; the quote is followed on. */
    minimize(): void;
    /** For good: stops all work in the page and forgets the visit. The quote itself goes on. */
    close(): void;
    /** Asks the service to end the quote; whether it took the wish. */
    cancel(): Promise<boolean>;

    addEventListener<K extends keyof ElementEvents>(
      type: K,
      listener: (this: Modal, event: ElementEvents[K]) => unknown,
      options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ): void;
    removeEventListener<K extends keyof ElementEvents>(
      type: K,
      listener: (this: Modal, event: ElementEvents[K]) => unknown,
      options?: boolean | EventListenerOptions,
    ): void;
    removeEventListener(
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | EventListenerOptions,
    ): void;
  }

  interface ModalConstructor {
    new (): Modal;
    readonly prototype: Modal;
    readonly fold: Fold;
    readonly seams: Seams;
    /** The service's address where an element names none: where the script came from. */
    home: string | undefined;
  }
}

interface HTMLElementTagNameMap {
  "andamento-modal": Andamento.Modal;
}

// They bubble, so the page may listen anywhere. `progress` and `close` are the platform's names, too, and
// there they carry another type: those two are known on the element itself.
interface HTMLElementEventMap {
  estimate: Andamento.ModalEventMap["estimate"];
  result: Andamento.ModalEventMap["result"];
  failure: Andamento.ModalEventMap["failure"];
}

interface DocumentEventMap {
  estimate: Andamento.ModalEventMap["estimate"];
  result: Andamento.ModalEventMap["result"];
  failure: Andamento.ModalEventMap["failure"];
}

interface CustomElementRegistry {
  get(name: "andamento-modal"): Andamento.ModalConstructor | undefined;
  whenDefined(name: "andamento-modal"): Promise<Andamento.ModalConstructor>;
}
