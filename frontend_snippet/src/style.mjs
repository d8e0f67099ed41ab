/* The look. The shadow root keeps it in and the site's out; `!important` on the host wins against the
 * site's own. Themed by custom properties (--andamento-cor, -texto, -fonte, -raio), which cross the
 * border; light or dark as the visitor's system says, or the attribute data-tema.
 *
 * 1. Lines and washes are one grey, more or less of it: so they fit the light paper and the dark.
 * 2. Written for the phone, which fills its screen with the dialog; a wider one gets it in a frame. */
export const STYLE = `
:host { all: initial !important; display: contents !important; }
* { box-sizing: border-box; margin: 0; padding: 0; }
[hidden], p:empty, div:empty { display: none !important; }
[data-kind=run] .step { display: block !important; }
li { list-style: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; opacity: 0; }

dialog, .tray {
  --cor: var(--andamento-cor, #1b55c0); --raio: var(--andamento-raio, 16px);
  --paper: #fff; --ink: #16213a; --soft: #566079; --edge: #8089a0; --line: #6078b033; --wash: #6078b012;
  --ok: #0b7a4b; --warn: #8a4b00; --bad: #b3261e; --tint: var(--cor); color-scheme: light;
  position: fixed; border: 0; color: var(--ink); background: var(--paper); line-height: 1.5;
  font-size: max(1em, .55vw); font-variant-numeric: tabular-nums;
  font-family: var(--andamento-fonte, system-ui, sans-serif);
}
@media (prefers-color-scheme: dark) {
  :host(:not([data-tema=claro])) :is(dialog, .tray) {
    --paper: #151b28; --ink: #eef1f7; --soft: #aab4c8;
    --ok: #5dd39e; --warn: #f2b660; --bad: #ff9d96; --tint: color-mix(in srgb, var(--cor) 45%, #fff); color-scheme: dark;
  }
}
:host([data-tema=escuro]) :is(dialog, .tray) {
    --paper: #151b28; --ink: #eef1f7; --soft: #aab4c8;
    --ok: #5dd39e; --warn: #f2b660; --bad: #ff9d96; --tint: color-mix(in srgb, var(--cor) 45%, #fff); color-scheme: dark;
}

dialog { inset: 0; margin: auto; width: 100vw; max-width: none; height: 100dvh; max-height: none; overflow: hidden; outline: 1px solid var(--line); }
dialog[open], .body, .field { display: flex; flex-direction: column; }
dialog::backdrop { background: #0b1530a6; }

.tray { inset: auto 16px 16px auto; z-index: 9999999999; display: flex; max-width: calc(100vw - 32px);
  padding: 2px; overflow: visible; border: 1px solid var(--line); border-radius: 32px; box-shadow: 0 4px 24px #0b153060; }
.what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dial { flex: none; width: 1.5em; height: 1.5em; border-radius: 50%;
  background: conic-gradient(var(--tint) var(--share), var(--line) 0); }

.top, .foot { display: flex; align-items: center; justify-content: space-between; padding: 8px 12px 8px 20px;
  font-weight: 600; color: var(--soft); }
.foot { flex-wrap: wrap; gap: 8px; justify-content: flex-end; padding: 12px 20px; }
.body { flex: 1; overflow: auto; overscroll-behavior: contain; padding: 24px 20px; gap: 20px;
  border: solid var(--line); border-width: 1px 0; }
.sure { margin-right: auto; }

svg { width: 1.15em; height: 1.15em; flex: none; vertical-align: -.2em; fill: none; stroke: currentColor;
  stroke-width: 2.4; stroke-linecap: round; }
.sim { color: var(--ok); }
.nao { color: var(--soft); }
h2, .price { line-height: 1.25; }
h2 { font-size: 1.55em; text-wrap: balance; }
h3, h4 { font-size: 1em; }
.soft, .figures, .note, .benefits, small, .text, dt { color: var(--soft); }
.soft, .figures, .note, .benefits, small, .step, .link, dl, summary, .trail { font-size: .9em; }
.step, .link, .percent, .span, .price, dd, summary, label, .trail .now { font-weight: 600; }
.text { margin-top: 6px; }
.step { min-height: 1.5em; color: var(--tint); }
.hint { padding: 12px 16px; border-radius: var(--raio); background: var(--wash); }
.head { display: flex; gap: 16px; }
.badge { flex: none; display: grid; place-items: center; width: 52px; height: 52px; border-radius: 50%;
  font-size: 1.4em; color: var(--tint); background: var(--wash); }
.badge svg { color: inherit; }
[data-kind=done] .badge { color: #fff; background: #0b7a4b; }
[data-kind=failed] .badge, [data-kind=wait] .badge, .link { color: var(--warn); }
.up { color: var(--ok); }

.bar { display: flex; gap: 3px; align-items: center; height: 30px; }
.bar b { flex: 1; min-width: 3px; }
.bar b, .range, .ghost { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.bar b i, .range i { display: block; height: 100%; border-radius: 5px; background: var(--tint); transition: width .6s; }
.bar:not([aria-valuenow]) i { min-width: 10%; animation: sway 3s ease-in-out infinite alternate; }
@keyframes sway { to { margin-left: 90%; } }
.people { font-size: 1.6em; color: var(--edge); }
.people .now { color: var(--tint); }
.now i, .people .now, .ghost { animation: breathe 1.2s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .3; } }
.bar .now i { opacity: .6; }
.figures, .covers > li, dl div { display: flex; justify-content: space-between; gap: 4px 16px; }
.figures { margin-top: 8px; }
.percent { order: 1; color: var(--ink); }

.story { display: grid; gap: 24px 28px; align-items: start; }
.story h3 { margin-bottom: 12px; }
.estimate, .plan { padding: 20px; border-radius: var(--raio); }
.estimate { background: var(--wash); }
.covers { display: grid; gap: 20px; }
.covers > li, .benefits { flex-wrap: wrap; }
.span { white-space: nowrap; }
.range, .benefits { width: 100%; }
.range, .ghost { margin: 4px 0; }
.benefits { display: flex; gap: 2px 14px; }
.note { margin-top: 16px; }
summary { padding: 12px 0; cursor: pointer; }
.pill, .trail li { display: flex; gap: 10px; align-items: center; }
.pill { min-width: 0; color: var(--ink); }
.trail li { padding: 7px 0; }
.trail li+li, dl div { border-top: 1px solid var(--line); }
.trail span { flex: 1; }
.trail i { width: .6em; height: .6em; margin: 0 .28em; border-radius: 50%; background: var(--tint); }

.plans, .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); gap: 16px; }
.plan { box-shadow: inset 0 0 0 1px var(--line); }
.best { box-shadow: inset 0 0 0 2px var(--tint); }
.best h3 { color: var(--tint); }
.price { font-size: 1.9em; }
small { font-weight: 400; }
.price small { display: inline-block; margin-left: .4em; font-size: .45em; }
dl { margin-top: 12px; }
dl div { margin: 0 -10px; padding: 8px 10px; }
dd { text-align: right; }
dd svg, .benefits svg { margin-right: .3em; }
dd small { display: block; }

.field { gap: 6px; }
.field small { color: var(--bad); }
button, .call, input, select { min-height: 44px; padding: 0 16px; border: 0; border-radius: 12px; background: none;
  font: inherit; color: var(--soft); }
input, select { border: 1px solid var(--edge); color: var(--ink); }
[aria-invalid=true] { border-color: var(--bad); }
button, .call { font-weight: 600; line-height: 44px; text-decoration: none; cursor: pointer; }
.diff, button:hover, .call:hover { background: var(--wash); color: var(--ink); }
button.main { background: var(--cor); color: var(--andamento-texto, #fff); }
button.main:hover { filter: brightness(.92); }
button:disabled { opacity: .6; cursor: default; }
.x { flex: none; width: 44px; padding: 0; }
.tray button { border-radius: 32px; }
.foot > * { flex: 1 0 auto; padding: 0 4px; text-align: center; }
.foot > .main, .foot > .sure { flex-basis: 100%; }
[data-kind=run] h2 { font-size: 1.2em; }
[data-kind=run] .text { min-height: 3em; }
:focus-visible { outline: 3px solid var(--tint); outline-offset: 2px; }
h2:focus-visible { outline: 0; }

@media (min-width: 641px) {
  dialog { width: min(52em, 100vw - 48px); height: fit-content; max-height: min(48em, 100dvh - 48px); border-radius: var(--raio); }
  [data-kind=run], [data-kind=done] { height: 100%; }
  .story { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .steps { grid-area: 1/2/span 2; }
  .foot > *, .foot > .main, .foot > .sure { flex: none; padding: 0 16px; }
  [data-kind=run] h2 { font-size: 1.55em; }
  [data-kind=run] .text { min-height: 0; }
  .top, .foot, .body { padding-left: 28px; }
  .foot, .body { padding-right: 28px; }
}
@media (max-height: 400px) { dialog[open] { display: block; overflow: auto; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media print {
  [data-kind] { position: absolute; bottom: auto; height: auto; max-height: none; }
  [data-kind], .body { overflow: visible; }
  .top, .foot, .tray { display: none; }
}
`;
