"""The demo's playground as tests use it: a state by its name, and what is wrong with how it stands.

1. One page for many states: a change of the address shows the next one.
2. `FAULTS` judges what is on view by geometry alone, so that it holds for any text and any size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode

from playwright.sync_api import Page

STATES = (
    "conectando",
    "fila-1",
    "fila-5",
    "sem-servico",
    "cheio",
    "campos",
    "andamento",
    "estimativa",
    "calculando",
    "consideradas",
    "longos",
    "cancelar",
    "perdida",
    "voltou",
    "sumiu",
    "resultado",
    "resultado-um",
    "resultado-longo",
    "manual",
    "erro",
    "corrigir",
    "erro-final",
    "cancelada",
    "pilula",
    "pilula-pronta",
)
PHONE, DESKTOP = (360, 740), (1280, 800)

FAULTS = """
() => {
  const faults = [];
  const root = document.querySelector("andamento-modal").shadowRoot;
  const [dialog, tray] = [root.querySelector("dialog"), root.querySelector(".tray")];
  const stage = dialog.open ? dialog : tray;
  const say = (node, words) => faults.push(
    `${node.localName}.${node.className} "${node.textContent.slice(0, 40)}": ${words}`);
  const within = (inner, outer, axis) => axis === "x"
    ? inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    : inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const seen = (node) => node.checkVisibility({ visibilityProperty: true })
    && !node.closest(".unseen");
  const page = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };

  if (dialog.open === (tray.checkVisibility() && !dialog.open)) faults.push("nothing is on view");
  for (const axis of "xy")
    if (!within(stage.getBoundingClientRect(), page, axis)) say(stage, `leaves the page (${axis})`);
  for (const node of [document.documentElement, dialog, ...stage.querySelectorAll("*")])
    if (seen(node) && node.scrollWidth > node.clientWidth + 1 && !node.closest(".what, svg")
        && (node === document.documentElement || getComputedStyle(node).overflowX !== "visible"))
      say(node, `${node.scrollWidth} wide in ${node.clientWidth}`);
  for (const node of stage.querySelectorAll("button, a, summary, input, select")) {
    if (!seen(node)) continue;
    const { width, height } = node.getBoundingClientRect();
    if (width < 44 || height < 44) say(node, `a target of ${width} × ${height}`);
  }

  const walker = document.createTreeWalker(stage, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const parent = text.parentElement;
    if (!text.data.trim() || !seen(parent) || parent.closest(".what, option")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = [...range.getClientRects()];
    let scrolls = false;
    for (let box = parent; box && box !== root; box = box.parentElement) {
      const { display, overflowX, overflowY } = getComputedStyle(box);
      if (display === "inline" || display === "contents") continue;
      const frame = box.getBoundingClientRect();
      if (!lines.every((line) => within(line, frame, "x")))
        say(parent, `text leaves ${box.className}`);
      scrolls ||= ["auto", "scroll"].includes(overflowY);
      if (overflowX !== "visible" && !scrolls && !lines.every((line) => within(line, frame, "y")))
        say(parent, `text is cut by ${box.localName}.${box.className}`);
    }
  }
  return [...new Set(faults)];
}
"""


@dataclass(slots=True)
class Showcase:
    """The playground in a page; `said` is what its console said, errors included."""

    page: Page
    url: str
    said: list[str] = field(default_factory=list)
    shown: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def enter(self) -> None:
        """Open the page with nothing on view."""
        self.page.goto(f"{self.url}/playground.html")
        self._await("")

    def show(self, state: str, **more: str) -> None:
        """Show a state; `more` is what else the address may say (tema, idioma, cor, raio)."""
        # The same address again would be no change.
        self.shown += 1
        address = urlencode({"estado": state, **more, "vez": self.shown})
        self.page.evaluate("hash => { location.hash = hash }", address)
        self._await(address)
        self.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")

    def resize(self, size: tuple[int, int]) -> None:
        """Another window."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def faults(self) -> list[str]:
        """What is cut, too wide, too small to hit or outside the window."""
        told: list[str] = self.page.evaluate(FAULTS)
        return told

    def _await(self, address: str) -> None:
        self.page.locator(f"html[data-mostrado='{address}']").wait_for(state="attached")
