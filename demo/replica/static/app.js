// The page's one loop: show a screen, take its answers to the server, wait beneath the spinner, show
// what the server says comes next. The address never tells where one is.

import { call, run, startTracker } from "./api.js";
import { el, later, rename } from "./dom.js";
import { estimate } from "./estimate.js";
import { hero, landing } from "./landing.js";
import { mountLogin } from "./login.js";
import { isBusy, mountSpinner, setBusy, showFailure, skeleton } from "./overlay.js";
import { driver, insured, overnight, use } from "./profile.js";
import { activity, formerBroker, garage, strange, young } from "./questions.js";
import { result } from "./result.js";
import { stepper } from "./stepper.js";
import { brandNew, items, plate, renewal, vehicle } from "./vehicle.js";

const SCREENS = {
  1: () => landing(chooseProduct),
  2: plate,
  3: vehicle,
  4: renewal,
  5: estimate,
  5.5: brandNew,
  6: items,
  7: overnight,
  8: use,
  9: insured,
  10: driver,
  11: activity,
  12: garage,
  13: young,
  14: formerBroker,
  15: result,
  estranha: strange,
};

const root = document.getElementById("raiz");
const steps = el("div", { class: "faixa-passos" });
const stage = el("main", {});
let now = { id: "1", screen: null, go: null };

function frame() {
  const name = el("span", {}, "Cotador ", el("b", {}, "Exemplo"));
  const top = el("header", { class: "topo" }, el("img", { src: "/logo.svg", alt: "" }), name);
  const bottom = el(
    "footer",
    {},
    "Página de demonstração: seguradoras, planos e preços são inventados.",
  );
  root.append(top, steps, stage, bottom);
  mountSpinner();
  mountLogin();
  document.addEventListener("click", noteRepeatedClick, true);
}

async function start() {
  frame();
  startTracker();
  stage.replaceChildren(el("div", { class: "abertura" }, hero(), skeleton()));
  await attempt(() => call("inicio", { busca: location.search }), show, start);
}

/** Runs a call; shows what comes of it, or the failure with a retry. */
async function attempt(action, done, retry) {
  let body;
  try {
    body = await action();
  } catch (error) {
    setBusy(false);
    showFailure(error.message, retry);
    return;
  }
  await done(body);
}

function chooseProduct() {
  const kind = now.screen.read().tipoSeguro === "moto" ? "moto" : "carro";
  history.pushState(null, "", `/cotacao/${kind}`);
  advance();
}

function advance() {
  if (isBusy()) return;
  setBusy(true);
  const answers = now.screen.read();
  attempt(() => call("avancar", { tela: now.id, respostas: answers }), settle, advance);
}

function goBack() {
  if (isBusy()) return;
  setBusy(true);
  attempt(() => call("voltar"), settle, goBack);
}

async function settle(body) {
  if (body.tela === null) return; // the next screen never comes; the spinner stays
  setBusy(false);
  if (body.erros) fail(body.erros);
  else await show(body);
}

function fail(errors) {
  const fields = now.screen.fields();
  for (const [id, message] of Object.entries(errors)) {
    const field = fields.find((known) => known.id === id) ?? fields[0];
    field?.setError(message);
  }
}

async function show({ tela, dados }) {
  if (tela === null) return;
  now.screen?.leave?.();
  now = { id: tela, screen: SCREENS[tela](dados), go: null };
  const opening = tela === "1";
  steps.replaceChildren(...(opening ? [] : [stepper(tela)]));
  stage.replaceChildren(opening ? el("div", { class: "abertura" }, hero(), skeleton()) : skeleton());
  window.scrollTo(0, 0);
  await later(run.pace.esqueleto);
  if (dados.controle_mudado) rename(now.screen.fields().at(-1));
  const form = formOf(now.screen, dados);
  stage.replaceChildren(opening ? el("div", { class: "abertura" }, hero(), form) : form);
  const bar = () => form.appendChild(barOf(now, dados));
  if (now.screen.continueId && !now.screen.lateBar) bar();
  try {
    await now.screen.entered?.(bar);
  } catch (error) {
    showFailure(error.message, () => location.reload());
  }
}

function formOf({ title, note, body, layout }) {
  const heading = typeof title === "string" ? el("h1", {}, title) : title;
  const fields = el("div", { class: `campos ${layout ?? ""}` }, body);
  const submit = (event) => {
    event.preventDefault();
    advance();
  };
  return el(
    "form",
    { novalidate: true, class: `folha ${layout ?? ""}`, submit },
    heading,
    note && el("p", { class: "nota" }, note),
    fields,
  );
}

/** The fixed bar. On one screen Continuar is a bare paragraph that carries the id itself, or none. */
function barOf(place, { continuar_mudado: changed, outra_versao: other }) {
  const { continueId, continueIsParagraph, backText = "Voltar" } = place.screen;
  const named = changed ? continueId.replace("Continuar", "Avancar") : continueId;
  const id = continueIsParagraph && other ? null : named;
  place.go = continueIsParagraph
    ? el("p", { id, class: "botao", click: advance }, "Continuar")
    : el("button", { type: "submit", id, class: "botao" }, el("p", {}, "Continuar"));
  const back = el("button", { type: "button", class: "botao claro", click: goBack }, el("p", {}, backText));
  return el("div", { class: "barra" }, el("div", {}, back, place.go));
}

// A click on Continuar while the spinner lies over it: the robot should have known.
function noteRepeatedClick(event) {
  if (!isBusy() || !now.go?.isConnected) return;
  const under = document.elementsFromPoint(event.clientX, event.clientY);
  if (now.go.contains(event.target) || under.some((node) => now.go.contains(node))) {
    event.preventDefault();
    event.stopPropagation();
    call("sinal", { tipo: "clique_repetido" }).catch(() => {});
  }
}

start();
