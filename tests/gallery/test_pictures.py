"""Every state in a picture, and whole at every size: nothing cut, nothing too wide or too small.

The pictures are for people: `build/gallery/<state>-<width>-<theme>.png`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from tests.gallery.showcase import DESKTOP, PHONE, STATES, Showcase

THEMES: dict[str, Literal["light", "dark"]] = {"claro": "light", "escuro": "dark"}
# Small, huge, and 1280 × 800 at 400 %.
EXTREMES = ((320, 568), (3840, 2160), (320, 200))


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_whole_on_phone_and_desktop_light_and_dark(
    showcase: Showcase, pictures: Path, state: str
) -> None:
    showcase.said.clear()
    faults = []
    for size in (PHONE, DESKTOP):
        showcase.resize(size)
        showcase.show(state)
        for theme in THEMES:
            showcase.page.emulate_media(color_scheme=THEMES[theme])
            showcase.page.screenshot(path=pictures / f"{state}-{size[0]}-{theme}.png")
            faults += [f"{size[0]} {theme}: {fault}" for fault in showcase.faults()]
    assert faults == []
    assert showcase.said == []


@pytest.mark.parametrize("size", EXTREMES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["resultado", "fila-5", "campos", "estimativa", "pilula"])
def test_a_state_is_whole_at_the_extremes(
    showcase: Showcase, pictures: Path, state: str, size: tuple[int, int]
) -> None:
    showcase.page.emulate_media(color_scheme="light")
    showcase.resize(size)
    showcase.show(state)
    showcase.page.screenshot(path=pictures / f"{state}-{size[0]}x{size[1]}.png")
    assert showcase.faults() == []


@pytest.mark.parametrize("state", ["fila-5", "estimativa", "resultado", "campos", "cancelar"])
def test_english_fits_as_well(showcase: Showcase, pictures: Path, state: str) -> None:
    showcase.page.emulate_media(color_scheme="light")
    showcase.resize(PHONE)
    showcase.show(state, idioma="en")
    showcase.page.screenshot(path=pictures / f"{state}-{PHONE[0]}-en.png")
    assert showcase.faults() == []


def test_the_playground_offers_every_state_and_fits_a_phone(
    showcase: Showcase, pictures: Path
) -> None:
    showcase.enter()
    for size in (DESKTOP, PHONE):
        showcase.resize(size)
        showcase.page.screenshot(path=pictures / f"vitrine-{size[0]}.png", full_page=True)
    offered = showcase.page.locator("#estados [data-estado]")
    names = "nodes => nodes.map((node) => node.dataset.estado)"
    assert tuple(offered.evaluate_all(names)) == STATES
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert showcase.page.evaluate(wide)


def test_dark_is_dark_whether_the_system_or_the_site_says_so(showcase: Showcase) -> None:
    ground = "node => getComputedStyle(node).backgroundColor"
    seen: dict[str, set[str]] = {"claro": set(), "escuro": set()}
    showcase.resize(DESKTOP)
    for theme, scheme in THEMES.items():
        showcase.page.emulate_media(color_scheme=scheme)
        showcase.show("andamento")
        seen[theme].add(showcase.page.locator("andamento-modal dialog").evaluate(ground))
        for told in THEMES:
            showcase.show("andamento", tema=told)
            seen[told].add(showcase.page.locator("andamento-modal dialog").evaluate(ground))
    assert [len(seen["claro"]), len(seen["escuro"])] == [1, 1]
    assert seen["claro"] != seen["escuro"]
