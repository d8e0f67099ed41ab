/* The look. The shadow root keeps it in and the site's out; `!important` on the host wins against the
 * site's own. Themed by custom properties (--andamento-cor, -texto, -fonte, -raio), which cross the
 * border; light or dark as the visitor's system says, or the attribute data-tema. */
export const STYLE = `
:host { all: initial !important; display: contents !important; }
* { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
ul, ol { list-style: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

dialog, .tray {
  --cor: var(--andamento-cor, #1b55c0); --raio: var(--andamento-raio, 16px);
  --paper: #fff; --ink: #16213a; --soft: #566079; --line: #dfe4ee; --wash: #f4f6fa; --edge: #8089a0;
  --ok: #0b7a4b; --warn: #8a4b00; --bad: #b3261e; --tint: var(--cor); color-scheme: light;
  position: fixed; border: 0; color: var(--ink); background: var(--paper); line-height: 1.5;
  font-size: max(1em, .55vw); font-variant-numeric: tabular-nums;
  font-family: var(--andamento-fonte, system-ui, "Segoe UI", Roboto, Arial, sans-serif);
}
@media (prefers-color-scheme: dark) {
  :host(:not([data-tema="claro"])) :is(dialog, .tray) {
    --paper: #151b28; --ink: #eef1f7; --soft: #aab4c8; --line: #323c50; --wash: #1d2534; --edge: #7f8aa3;
    --ok: #5dd39e; --warn: #f2b660; --bad: #ff9d96; --tint: color-mix(in srgb, var(--cor) 45%, #fff); color-scheme: dark;
  }
}
:host([data-tema="escuro"]) :is(dialog, .tray) {
    --paper: #151b28; --ink: #eef1f7; --soft: #aab4c8; --line: #323c50; --wash: #1d2534; --edge: #7f8aa3;
    --ok: #5dd39e; --warn: #f2b660; --bad: #ff9d96; --tint: color-mix(in srgb, var(--cor) 45%, #fff); color-scheme: dark;
}

dialog { inset: 0; margin: auto; width: min(52em, 100vw - 48px); max-width: none; height: fit-content;
  max-height: 92vh; max-height: min(48em, 100dvh - 48px); border-radius: var(--raio); overflow: hidden; outline: 1px solid var(--line); }
dialog[open] { display: flex; flex-direction: column; }
dialog[data-kind="run"], dialog[data-kind="done"] { height: 100%; }
dialog::backdrop { background: #0b1530a6; }

.tray { right: 16px; bottom: 16px; z-index: 2147483647; display: flex; max-width: calc(100vw - 32px);
  padding: 2px; border-radius: 32px; box-shadow: 0 4px 24px #0b153060, 0 0 0 1px var(--line); }
.pill { display: flex; align-items: center; gap: 10px; min-width: 0; color: var(--ink); }
.what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dial { flex: none; width: 1.5em; height: 1.5em; border-radius: 50%;
  background: conic-gradient(var(--tint) var(--share), var(--line) 0); }
.tray button { border-radius: 32px; }

.top, .foot { display: flex; align-items: center; justify-content: space-between; padding: 8px 12px 8px 28px;
  border-bottom: 1px solid var(--line); font-weight: 600; color: var(--soft); }
.foot { flex-wrap: wrap; gap: 8px; justify-content: flex-end; padding: 12px 28px; border: 0;
  border-top: 1px solid var(--line); }
.body { flex: 1; overflow: auto; overscroll-behavior: contain; padding: 28px; display: flex;
  flex-direction: column; gap: 24px; }
.sure { margin-right: auto; }

svg { width: 1.15em; height: 1.15em; flex: none; vertical-align: -.2em; fill: none; stroke: currentColor;
  stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
.sim { color: var(--ok); }
.nao { color: var(--soft); }
h2 { font-size: 1.55em; line-height: 1.25; text-wrap: balance; }
h3, h4 { font-size: 1em; }
.text, .soft, .figures, .note, .benefits, dt, small { color: var(--soft); }
.soft, .figures, .note, .benefits, .step, .link, small, dl, summary, .trail { font-size: .9em; }
.step, .link, .percent, .span, dd, summary, label, .trail .now { font-weight: 600; }
.text { margin-top: 6px; }
.step { min-height: 1.5em; color: var(--tint); }
.hint { margin-top: 16px; padding: 12px 16px; border-radius: var(--raio); background: var(--wash); }
.head { display: grid; grid-template-columns: auto minmax(0, 1fr); }
.head > * { grid-column: 2; }
.head > .hint, .head > .gauge, .head > .link { grid-column: 1 / -1; }
.head > .badge { grid-area: 1 / 1 / span 3; display: grid; place-items: center; width: 52px; height: 52px;
  margin-right: 16px; border-radius: 50%; font-size: 1.4em; color: var(--tint); background: var(--wash); }
.badge svg { color: inherit; }
[data-kind="done"] .badge { color: #fff; background: #0b7a4b; }
[data-kind="failed"] .badge, [data-kind="wait"] .badge, .link { color: var(--warn); }

.gauge { margin-top: 10px; }
.bar { display: flex; gap: 3px; align-items: center; height: 30px; }
.bar b { flex: 1; min-width: 3px; height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 5px; background: var(--tint); transition: width .6s; }
.bar:not([aria-valuenow]) i { min-width: 10%; animation: sway 3s ease-in-out infinite alternate; }
@keyframes sway { to { margin-left: 90%; } }
.people b { flex: none; height: auto; background: none; font-size: 1.6em; line-height: 1; color: var(--edge); }
.people .now { color: var(--tint); }
.now i, .people .now, .ghost { animation: breathe 1.2s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .45; } }
.figures { display: flex; justify-content: space-between; gap: 16px; margin-top: 8px; }
.percent { order: 1; color: var(--ink); }
.link { margin-top: 8px; }
.link.up { color: var(--ok); }

.story { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 24px 28px; align-items: start; }
.story h3 { margin-bottom: 12px; }
.estimate, .plan { padding: 20px; border-radius: var(--raio); background: var(--wash); }
.covers { display: grid; gap: 20px; }
.covers > li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 12px; }
.span { white-space: nowrap; }
.range, .benefits { width: 100%; }
.range, .covers > .ghost { position: relative; height: 8px; margin: 4px 0; border-radius: 4px; background: var(--line); }
.range i { position: absolute; height: 8px; border-radius: 4px; background: var(--tint); }
.benefits { display: flex; flex-wrap: wrap; gap: 2px 14px; }
.note { margin-top: 16px; }
.steps { grid-area: 1 / 2 / span 2; }
summary { padding: 12px 0; cursor: pointer; }
.trail li { display: flex; gap: 10px; align-items: center; padding: 7px 0; }
.trail li + li, dl div { border-top: 1px solid var(--line); }
.trail span { flex: 1; }
.trail i { width: .6em; height: .6em; margin: 0 .28em; border-radius: 50%; background: var(--tint); }

.panel:empty { display: none; }
.plans, .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); gap: 16px; }
.plan { background: none; box-shadow: inset 0 0 0 1px var(--line); }
.best { box-shadow: inset 0 0 0 2px var(--tint); }
.best h3 { color: var(--tint); }
.price { font-size: 1.9em; font-weight: 700; line-height: 1.3; }
.price small { display: inline-block; margin-left: .4em; font-size: .45em; font-weight: 400; }
dl { margin-top: 12px; }
dl div { display: flex; justify-content: space-between; gap: 16px; margin: 0 -10px; padding: 8px 10px; }
.diff { background: var(--wash); }
dd { text-align: right; }
dd svg, .benefits svg { margin-right: .3em; }
dd small { display: block; font-weight: 400; }

.field { display: flex; flex-direction: column; gap: 6px; }
.field :is(input, select) { height: 48px; padding: 0 14px; border: 1.5px solid var(--edge);
  border-radius: 12px; background: var(--paper); font: inherit; color: inherit; }
.field [aria-invalid="true"] { border-color: var(--bad); }
.field small { color: var(--bad); }

button, .call { user-select: none; min-height: 44px; padding: 0 16px; border: 0; border-radius: 12px; background: none;
  font: inherit; font-weight: 600; line-height: 44px; color: var(--soft); text-decoration: none; cursor: pointer; }
button:hover, .call:hover { background: var(--wash); color: var(--ink); }
button.main { background: var(--cor); color: var(--andamento-texto, #fff); }
button.main:hover { filter: brightness(.92); }
button:disabled { opacity: .6; cursor: default; }
.x { flex: none; width: 44px; padding: 0; }
:focus-visible { outline: 3px solid var(--tint); outline-offset: 2px; }
h2:focus-visible { outline: 0; }

@media (max-width: 640px) {
  dialog, dialog[data-kind] { width: 100vw; height: 100vh; height: 100dvh; max-height: none; border-radius: 0; }
  .top, .foot, .body { padding-left: 20px; padding-right: 20px; }
  .story { grid-template-columns: minmax(0, 1fr); }
  .steps { grid-area: auto; }
  .foot > * { flex: 1 0 auto; padding: 0 4px; text-align: center; }
  .foot > .main, .foot > .sure { flex-basis: 100%; }
  [data-kind="run"] h2 { font-size: 1.2em; }
  [data-kind="run"] .text { min-height: 3em; }
}
@media (max-height: 400px) { dialog[open] { display: block; overflow: auto; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media print {
  dialog, dialog[data-kind] { height: auto; max-height: none; overflow: visible; }
  .top, .foot, .tray { display: none; }
}
`;
