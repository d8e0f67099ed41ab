/* The look. The shadow root keeps it in and the site's out; `!important` on the host wins against the
 * site's own. Themed by the custom property --andamento-cor, which crosses the border. */
export const STYLE = `
:host { all: initial !important; display: contents !important; }
*, *::before, *::after { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
ul, ol { list-style: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

dialog {
  --cor: var(--andamento-cor, #1b55c0); --ink: #16213a; --soft: #566079; --line: #e2e7f0; --wash: #f5f7fb;
  --ok: #0b7a4b; --warn: #8a4b00; --bad: #b3261e;
  position: fixed; inset: 0; margin: auto; width: min(820px, 100vw - 48px); max-width: none;
  height: fit-content; max-height: 92vh; max-height: min(760px, 100dvh - 48px); border: 0; border-radius: 20px;
  overflow: hidden; background: #fff; color: var(--ink); line-height: 1.5; box-shadow: 0 24px 80px #0b153060;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
dialog[open] { display: flex; flex-direction: column; }
dialog[data-kind="run"], dialog[data-kind="done"] { height: 100%; }
dialog::backdrop { background: #0b1530a6; }

header { display: flex; align-items: center; justify-content: space-between; padding: 8px 12px 8px 28px;
  border-bottom: 1px solid var(--line); font-size: .9em; font-weight: 600; color: var(--soft); }
.body { flex: 1; overflow: auto; overscroll-behavior: contain; padding: 28px; display: flex;
  flex-direction: column; gap: 24px; }
footer { display: flex; flex-wrap: wrap; gap: 8px 12px; justify-content: flex-end; padding: 12px 28px;
  border-top: 1px solid var(--line); }

svg { width: 1.15em; height: 1.15em; flex: none; vertical-align: -.2em; fill: none; stroke: currentColor;
  stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
svg.sim { color: var(--ok); }
svg.nao { color: var(--soft); }
h2 { font-size: 1.55em; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h3 { font-size: 1em; }
h4 { font-size: .95em; }
.text { margin-top: 6px; color: var(--soft); }
.soft { color: var(--soft); font-size: .9em; }
.step { margin-bottom: 4px; font-size: .85em; font-weight: 600; color: var(--cor); }
.hint { margin-top: 16px; padding: 12px 16px; border-radius: 12px; background: var(--wash); }
.head { display: grid; grid-template-columns: auto minmax(0, 1fr); }
.head > * { grid-column: 2; }
.head > .hint, .head > .gauge, .head > .link { grid-column: 1 / -1; }
.head > .badge { grid-area: 1 / 1 / span 3; display: grid; place-items: center; width: 52px; height: 52px;
  margin-right: 16px; border-radius: 50%; font-size: 1.4em; color: var(--cor);
  background: #eef2f8; background: color-mix(in srgb, var(--cor) 12%, #fff); }
.badge svg { color: inherit; }
[data-kind="done"] .badge { color: var(--ok); background: #e4f4ec; }
[data-kind="failed"] .badge, [data-kind="wait"] .badge { color: var(--warn); background: #fdf1dd; }
[data-kind="cancelled"] .badge { color: var(--soft); background: var(--wash); }

.gauge { margin-top: 20px; }
.bar { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; min-width: 10px; border-radius: 5px; background: var(--cor);
  transition: width .6s ease; }
.bar:not([aria-valuenow]) i { animation: sway 3s ease-in-out infinite alternate; }
@keyframes sway { to { margin-left: 97%; } }
.figures { display: flex; justify-content: space-between; gap: 16px; margin-top: 8px; font-size: .9em;
  color: var(--soft); }
.percent { order: 1; font-weight: 600; color: var(--ink); }
.percent, .price, .span, dd { font-variant-numeric: tabular-nums; }
.link { margin-top: 10px; font-size: .9em; font-weight: 600; color: var(--warn); }
.link.up { color: var(--ok); }

.story { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 24px 28px; align-items: start; }
.story h3 { margin-bottom: 12px; }
.estimate { padding: 20px; border-radius: 16px; background: var(--wash); }
.covers { display: grid; gap: 20px; }
.covers > li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 12px; }
.span { font-weight: 600; white-space: nowrap; }
.range, .benefits { width: 100%; }
.range { position: relative; height: 8px; margin: 4px 0; border-radius: 4px; background: var(--line); }
.range i { position: absolute; top: 0; bottom: 0; border-radius: 4px; background: var(--cor); }
.benefits { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .85em; color: var(--soft); }
.note { margin-top: 16px; font-size: .9em; color: var(--soft); }
.covers > .ghost { height: 8px; margin: 4px 0; border-radius: 4px; background: var(--line);
  animation: breathe 2s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .45; } }
.steps { grid-area: 1 / 2 / span 2; }
summary { padding: 11px 0; font-size: .92em; font-weight: 600; cursor: pointer; }
.trail li { display: flex; gap: 10px; align-items: center; padding: 7px 0; font-size: .92em; }
.trail li + li { border-top: 1px solid var(--line); }
.trail span { flex: 1; }
.trail small { font-size: .9em; color: var(--soft); white-space: nowrap; }
.trail .now { font-weight: 600; }
.trail .now i { width: .6em; height: .6em; margin: 0 .28em; border-radius: 50%; background: var(--cor);
  animation: breathe 1s ease-in-out infinite alternate; }

.panel:empty { display: none; }
.plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 16px; }
.plan { padding: 20px; border: 1px solid var(--line); border-radius: 16px; }
.plan.best { border: 2px solid var(--cor); padding: 19px; }
.plan.best h3 { color: var(--cor); }
.price { font-size: 1.9em; font-weight: 700; line-height: 1.3; letter-spacing: -.02em; }
.price small { margin-left: .4em; font-size: .45em; font-weight: 400; letter-spacing: 0; color: var(--soft); }
dl { margin-top: 12px; }
dl div { display: flex; justify-content: space-between; gap: 16px; padding: 8px 0;
  border-top: 1px solid var(--line); font-size: .92em; }
dt { color: var(--soft); }
dd { font-weight: 600; text-align: right; }
dd svg { margin-right: .3em; }
dd small { display: block; font-weight: 400; color: var(--soft); }

.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 18px; }
.field { display: flex; flex-direction: column; gap: 6px; }
.field label { font-size: .9em; font-weight: 600; }
.field input, .field select { width: 100%; height: 48px; padding: 0 14px; border: 1.5px solid #b9c1d0;
  border-radius: 12px; background: #fff; font: inherit; color: inherit; }
.field [aria-invalid="true"] { border-color: var(--bad); }
.field small { font-size: .88em; color: var(--bad); }

button, .call { user-select: none; min-height: 44px; padding: 0 18px; border: 0; border-radius: 12px; background: none;
  font: inherit; font-weight: 600; line-height: 44px; color: var(--soft); text-decoration: none; cursor: pointer; }
button:hover, .call:hover { background: var(--wash); color: var(--ink); }
button.main { order: 1; padding: 0 24px; background: var(--cor); color: #fff; }
button.main:hover { filter: brightness(.92); }
button:disabled { opacity: .6; cursor: default; }
button.x { width: 44px; padding: 0; font-size: 1.1em; }
:focus-visible { outline: 3px solid var(--cor); outline-offset: 2px; }
h2:focus-visible { outline: 0; }

@media (max-width: 640px) {
  dialog, dialog[data-kind] { width: 100vw; height: 100vh; height: 100dvh; max-height: none; border-radius: 0; }
  header { padding-left: 20px; }
  .body { padding: 20px; gap: 20px; }
  .story { grid-template-columns: minmax(0, 1fr); }
  .estimate { padding: 16px; }
  .steps { grid-area: auto; }
  footer { padding: 10px 20px; }
  footer > * { flex: 1 0 auto; text-align: center; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
