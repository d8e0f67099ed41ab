/* Every state of the modal at one click, without a robot and without a service.
 *
 * 1. The modal is the real one; only what it talks to is invented (playground-service.js), through the
 *    element's own `seams`.
 * 2. The address says what is on view (`#estado=resultado&tema=escuro&idioma=en`), so that it can be
 *    sent, bookmarked and photographed; `data-mostrado` on <html> repeats the address once that stands.
 * 3. No inline script, no inline style: this page is served under the strict policy of the docs.
 */
import * as history from "./playground-history.js";
import { Service } from "./playground-service.js";

const { began, entered, error, queued, running, screens } = history;

// Not the landing page's service: what the modal keeps for the next page must not be mixed up.
const API = "https://servico.example";
const PERSON = {
  nome: "Helena Exemplo de Souza", cpf: "123.456.789-00", placa: "EXE-1A23", cep: "01001-000", email: "helena@example.com",
  celular: "(11) 90000-0000", data_nascimento: "14/03/1988", sexo: "Feminino", estado_civil: "Solteiro",
};
const FULL = [503, { success: false, code: "fila_cheia", error: "Muita gente cotando agora." }, { "Retry-After": "90" }];
const WRONG = {
  cpf: "Confira o CPF: o dígito final não bate.",
  placa: "Não encontramos esta placa. Confira as letras e os números.",
};
const CALCULATING = [began(), ...screens(0, 5), history.estimate(), ...screens(5, 13), entered(13), ...history.calculation().slice(0, 3)];
const BROKEN = error("tela_ausente", "O site de cotação parou de responder no meio do caminho.", "Tente de novo em alguns minutos. Nada foi enviado nem contratado.");
const DOUBTED = error("placa_desconhecida", "O site não encontrou um carro com esta placa.", "Confira a placa e continue: o resto fica como está.");
const FUTILE = error("site_mudou", "O site de cotação mudou e precisamos nos adaptar.", "Fale com a gente: fazemos a sua cotação por telefone.");

// What a state is: what the service does and says, and what happens afterwards.
const STATES = {
  Começo: {
    conectando: ["Conectando", { starts: ["hang"] }],
    "fila-1": ["Na fila, o próximo", { facts: [queued(1, 12)] }],
    "fila-5": ["Na fila, 5º lugar", { facts: [queued(5, 150)] }],
    "sem-servico": ["Serviço fora do ar", { starts: ["away"] }],
    cheio: ["Serviço cheio", { starts: [FULL] }],
    campos: ["Dados a corrigir", { starts: [[422, { success: false, code: "parametros_invalidos", campos: WRONG }]] }],
  },
  Andamento: {
    andamento: ["Em andamento", { facts: [began(), ...screens(0, 3), entered(3)] }],
    estimativa: ["Chegou a estimativa", { facts: running() }],
    calculando: ["Cálculo final", { facts: CALCULATING }],
    consideradas: ["Respostas consideradas", { facts: CALCULATING, then: () => unfold() }],
    longos: ["Textos longos", { facts: history.long(running()) }],
    cancelar: ["Cancelar mesmo?", { facts: running(), then: () => press(".foot button") }],
  },
  Conexão: {
    perdida: ["Conexão perdida", { facts: running(), then: lost }],
    voltou: ["Conexão de volta", { facts: running(), then: regained }],
    sumiu: ["Cotação que não existe mais", { facts: running(), then: vanished }],
  },
  Final: {
    resultado: ["Resultado, dois planos", { facts: history.quote() }],
    "resultado-um": ["Resultado, um plano", { facts: history.quote(1) }],
    "resultado-longo": ["Resultado, textos longos", { facts: history.long(history.quote()) }],
    manual: ["Segue com um corretor", { facts: [...CALCULATING, history.manual()] }],
    erro: ["Erro com sugestão", { facts: [...running(6), BROKEN] }],
    corrigir: ["Erro nos dados", { facts: [began(), ...screens(0, 1), entered(1), DOUBTED] }],
    "erro-final": ["Erro sem nova tentativa", { facts: [began(), entered(0), FUTILE] }],
    cancelada: ["Cancelada", { facts: [...running(), history.cancelled()] }],
  },
  Minimizada: {
    pilula: ["Pílula, em andamento", { facts: running(), then: () => modal.minimize() }],
    "pilula-pronta": ["Pílula, pronta", { facts: history.quote(), then: () => modal.minimize() }],
  },
};
const WHOLE = "inteira";
const EVERY = Object.assign({}, ...Object.values(STATES), { [WHOLE]: ["A cotação inteira", {}] });

// What an earlier visit to this page has left is not to be taken up.
localStorage.removeItem(`andamento:${API}`);
const Modal = await customElements.whenDefined("andamento-modal");
const root = document.documentElement;
const form = document.querySelector("#formulario");
const controls = document.querySelector("#aparencia");
let modal = null;
let service = null;
let turn = 0;

// ── what the address says ──

function read() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const text = (name, otherwise) => chosen.get(name) ?? otherwise;
  return {
    estado: text("estado", ""), tema: text("tema", "auto"), idioma: text("idioma", "pt-BR"), cor: text("cor", "#1b55c0"),
    raio: text("raio", "16"), segundos: text("segundos", "12"),
  };
}

function write(change) {
  const usual = { tema: "auto", idioma: "pt-BR", cor: "#1b55c0", raio: "16", segundos: "12" };
  const chosen = Object.entries({ ...read(), ...change }).filter(([name, value]) => value && value !== usual[name]);
  const hash = `#${new URLSearchParams(chosen)}`;
  // The same state once more is shown once more.
  if (hash === (location.hash || "#")) show();
  else location.hash = hash;
}

// ── showing it ──

async function show() {
  const mine = ++turn;
  const chosen = read();
  delete root.dataset.mostrado;
  dress(chosen);
  clear();
  modal = document.createElement("andamento-modal");
  Object.assign(modal.dataset, { api: API, form: "#formulario", telefone: "(11) 4000-0000", whatsapp: "5511900000000" });
  modal.dataset.idioma = chosen.idioma;
  if (chosen.tema !== "auto") modal.dataset.tema = chosen.tema;
  document.body.append(modal);
  const [, scene] = EVERY[chosen.estado] ?? [];
  serve({ facts: chosen.estado === WHOLE ? null : [], ...scene }, chosen);
  if (scene) await play(scene);
  if (mine === turn) root.dataset.mostrado = location.hash.slice(1);
}

/** The last state leaves nothing behind. */
function clear() {
  modal ??= document.querySelector("andamento-modal");
  modal.close();
  modal.remove();
  service?.stop();
}

function serve({ starts, facts }, { segundos }) {
  const quote = { facts: history.quote(), milliseconds: 1000 * Number(segundos) };
  // Every start that is not a state's own plays the whole quote.
  service = new Service(Modal.fold, { starts: [...(starts ?? [])], facts: facts?.length ? facts : null, quote });
  Object.assign(Modal.seams, service.seams);
  Object.assign(Modal.seams.times, { lost: 3000, backoff: 1000 });
}

async function play({ starts, facts, then }) {
  const mine = turn;
  modal.start(PERSON);
  if (starts) await until(() => part(".foot button, .foot a, .field") || starts[0] === "hang");
  if (facts) await until(() => service.heard);
  if (mine === turn) await then?.();
}

async function lost() {
  // Here nobody wants to wait for it.
  Object.assign(Modal.seams.times, { lost: 100, backoff: 100 });
  service.lose();
  await until(() => !part(".link").hidden);
}

async function regained() {
  await lost();
  // Long enough to be looked at.
  Modal.seams.times.lost = 20000;
  service.regain();
  await until(() => part(".link").classList.contains("up"));
}

async function vanished() {
  Modal.seams.times.backoff = 100;
  service.forget();
  await until(() => part(".foot .main"));
}

function unfold() {
  part("details").open = true;
  part("details").scrollIntoView({ block: "end" });
}

function press(selector) {
  part(selector).click();
}

function part(selector) {
  return modal.shadowRoot.querySelector(selector);
}

/** Until the claim holds, or something else is to be shown. */
async function until(claim) {
  const mine = turn;
  while (mine === turn && !claim()) await new Promise((resume) => setTimeout(resume, 20));
}

// ── the page around it ──

function dress({ estado, tema, cor, raio, idioma }) {
  root.dataset.tema = tema;
  root.style.setProperty("--andamento-cor", cor);
  root.style.setProperty("--andamento-raio", `${Number(raio)}px`);
  for (const [name, value] of Object.entries({ tema, idioma, cor, raio })) controls.elements[name].value = value;
  controls.querySelector("output").textContent = `${Number(raio)} px`;
  for (const button of document.querySelectorAll("[data-estado]"))
    button.toggleAttribute("aria-current", button.dataset.estado === estado);
}

function offer([title, states]) {
  const [group, heading, list] = ["section", "h3", "ul"].map((tag) => document.createElement(tag));
  heading.textContent = title;
  for (const [state, [words]] of Object.entries(states)) {
    const [item, button] = ["li", "button"].map((tag) => document.createElement(tag));
    Object.assign(button, { type: "button", textContent: words });
    button.dataset.estado = state;
    item.append(button);
    list.append(item);
  }
  group.append(heading, list);
  return group;
}

function begin() {
  document.querySelector("#estados").append(...Object.entries(STATES).map(offer));
  document.addEventListener("click", ({ target }) => {
    const estado = target.closest?.("[data-estado]")?.dataset.estado;
    if (estado) write({ estado });
  });
  controls.addEventListener("input", () => write({ ...Object.fromEntries(new FormData(controls)), estado: read().estado }));
  // The modal has heard it before; a real site would now take the lead.
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", show);
  show();
}

begin();
