"""What a failing screen leaves behind: enough to understand it, and nothing of a person."""

from __future__ import annotations

import io
import json
import os
import stat
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.async_api import Page

from db.errors import StoreBusy
from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from runner.browser import Browser
from runner.evidence.mask import DOTS, Mask
from runner.evidence.shelf import Exhibit, Shelf
from runner.evidence.trace import merge
from runner.evidence.witness import CLOSE_S, Evidence
from runner.failure import Failure
from tests.flows.journey import ANA, Stage

pytestmark = pytest.mark.anyio

PRIVATE = (
    *("Ana Lúcia d'Ávila", "52998224725", "ABC1D23", "01310100", "ana.lucia@exemplo.com.br"),
    *("11987654321", "03/02/1980", DEFAULT_EMAIL, DEFAULT_PASSWORD),
)
CHOSEN = ("Feminino", "Solteiro")
# Ana as sites, logs and files may spell her.
SPELLINGS = (
    *("529.982.247-25", "52998224725", "529.982.247", "982.247", "529%2E982", "529982247"),
    *("Ana Lúcia", "ANA LUCIA", "Ana+L%C3%BAcia", "Ana%20L%C3%BAcia", "Lu\u0301cia", "D'ÁVILA"),
    *(r"L\u00facia", r"L\\u00facia", "d&#x27;Ávila", "d%27Avila", "Avila"),
    *("ABC1D23", "abc-1d23", "ABC1323", "ABC 1D23", "01310100", "01310-100", "01.310-100"),
    *("ana.lucia@exemplo.com.br", "ana.lucia%40exemplo.com.br", "ANA.LUCIA@EXEMPLO.COM.BR"),
    *("11987654321", "(11) 98765-4321", "+55 11 98765 4321", "98765-4321", "11 98765-4321"),
    *("03/02/1980", "1980-02-03", "3/2/1980", "03.02.1980", "19800203", "03%2F02%2F1980"),
    *(r"03\/02\/1980", DEFAULT_PASSWORD, DEFAULT_EMAIL),
)
ALL_SPELT = " · ".join(SPELLINGS)
# Every place of a page that may hold a person: typed, chosen, shown, split, nested, hidden.
PLACES = f"""
<title>{ALL_SPELT}</title><h1 title="{ALL_SPELT}" data-x="{ALL_SPELT}">Tela de teste</h1>
<p>{ALL_SPELT}</p><p><span>529</span>.<b>982</b>.<i>247-25</i></p><p>Ana <b>Lú</b>cia</p>
<input value="Rua do Acaso, 12"><input type=password value=anything><input type=hidden value=x1>
<input type=number value=471108150471><textarea>Rua do Acaso, 12</textarea>
<select><option>A<option selected>Primeira opção</select>
<div role=button aria-haspopup=listbox>Escolhida</div><div contenteditable=true>Rua do Acaso</div>
<a href="https://x.example/?nome=Ana+L%C3%BAcia&cpf=52998224725">link</a>
<canvas width=9 height=9></canvas>
<div id=host></div><iframe srcdoc="<p>{ALL_SPELT}</p><input value='Rua do Acaso, 12'>"></iframe>
<script>
host.attachShadow({{mode: 'open'}}).innerHTML = '<p>52998224725</p><input value="Rua do Acaso">';
// As a framework does: what somebody else changed is put back at once.
const input = document.querySelector('input'), text = document.querySelector('p');
const back = () => {{
  input.value = 'Rua do Acaso, 12';
  if (text.textContent !== '52998224725') text.textContent = '52998224725';
}};
setInterval(back, 1); new MutationObserver(back).observe(document, {{
  subtree: true, childList: true, characterData: true, attributes: true }});
</script>
"""
# What of PLACES nobody may read, beside the spellings.
FIELDS = ("Rua do Acaso", "anything", "x1", "471108150471", "Escolhida", "Primeira")
# All that can be read on a page: texts, fields, attributes, in every frame's own document.
READ = """
() => [...document.querySelectorAll('*')]
  .flatMap(e => [e, ...(e.shadowRoot?.querySelectorAll('*') ?? [])])
  .filter(e => !['SCRIPT', 'STYLE', 'OPTION'].includes(e.nodeName))
  .flatMap(e => [e.nodeName === 'SELECT' ? e.selectedOptions[0]?.text : e.value ?? '', 
    ...[...e.attributes].filter(a => a.name !== 'srcdoc').map(a => a.value),
    ...[...e.childNodes].filter(n => n.nodeType === 3).map(n => n.nodeValue)])
  .join(' | ')
"""


class Camera:
    """The witness under test, and what could be read on the page when it was photographed."""

    def __init__(self, root: Path) -> None:
        self.shelf = Shelf(root / "evidence")
        self.evidence = Evidence(self.shelf, "s", Mask(PRIVATE, CHOSEN), self.screen)
        self.read: list[str] = []
        self.took = 0.0

    async def screen(self) -> str | None:
        return "9"

    async def opened(self, page: Page) -> None:
        await self.evidence.opened(page)
        shoot = page.screenshot

        async def screenshot(**options: Any) -> bytes:
            picture = await shoot(**options)
            self.read += [await frame.evaluate(READ) for frame in page.frames]
            return picture

        page.screenshot = screenshot  # type: ignore[method-assign] # the moment of the shot

    async def closing(self, page: Page, error: BaseException | None) -> None:
        began = time.monotonic()
        await self.evidence.closing(page, error)
        self.took = time.monotonic() - began

    @property
    def exhibits(self) -> list[Exhibit]:
        """What was kept."""
        return self.shelf.exhibits("s")


class Seat:
    """Whoever sits here is the browser's witness: one browser serves all tests of the module."""

    def __init__(self) -> None:
        self.sitting: Camera | None = None

    async def opened(self, page: Page) -> None:
        if self.sitting:
            await self.sitting.opened(page)

    async def closing(self, page: Page, error: BaseException | None) -> None:
        if self.sitting:
            await self.sitting.closing(page, error)


@pytest.fixture(scope="module")
def seat() -> Seat:
    return Seat()


@pytest.fixture(scope="module")
async def browser(anyio_backend: str, seat: Seat) -> AsyncIterator[Browser]:
    """One real Chromium for the module, watched from the seat."""
    async with Browser(witness=seat) as browser:
        yield browser


@pytest.fixture
def hasty(seat: Seat, tmp_path: Path) -> Camera:
    """Evidence that is kept in this test's folder."""
    seat.sitting = Camera(tmp_path)
    return seat.sitting


@pytest.fixture
def camera(hasty: Camera, monkeypatch: pytest.MonkeyPatch) -> Camera:
    """The same, with time enough for every part on a machine that is busy with other tests."""
    for name in ("capture.PART_S", "capture.SHOT_S", "capture.FRAME_S"):
        monkeypatch.setattr(f"runner.evidence.{name}", 30.0)
    for name in ("evidence.witness.WHOLE_S", "evidence.witness.CLOSE_S", "browser.CLOSE_S"):
        monkeypatch.setattr(f"runner.{name}", 60.0)
    return hasty


@pytest.fixture
def stage(site: Replica, browser: Browser, camera: Camera) -> Stage:
    """The watched browser and the replica."""
    return Stage(site=site, browser=browser)


def contents(exhibit: Exhibit) -> dict[str, bytes]:
    """Every file, and every entry of the trace, by name; pictures say nothing as text."""
    found = {name: (exhibit.folder / name).read_bytes() for name in exhibit.files}
    if trace := found.pop("trace.zip", None):
        with zipfile.ZipFile(io.BytesIO(trace)) as packed:
            found.update({name: packed.read(name) for name in packed.namelist()})
    found.pop("screenshot.png", None)
    return found


def seen(text: str, words: tuple[str, ...] = SPELLINGS) -> list[str]:
    """Which words can be read in it, however they are written."""
    return [word for word in words if word.casefold() in text.casefold()]


def leaks(exhibit: Exhibit, words: tuple[str, ...] = SPELLINGS) -> dict[str, list[str]]:
    """Which words can be read where."""
    texts = {name: content.decode() for name, content in contents(exhibit).items()}
    found = {name: seen(text, words) for name, text in texts.items()}
    return {name: words for name, words in found.items() if words}


def events(exhibit: Exhibit) -> list[dict[str, Any]]:
    """The events of the trace."""
    return [json.loads(line) for line in contents(exhibit)["trace.trace"].splitlines()]


async def fail(browser: Browser, html: str, error: BaseException) -> BaseException:
    """What leaves a page that shows `html` and fails with `error`."""
    with pytest.raises(type(error)) as caught:
        async with browser.page() as page:
            await page.set_content(html)
            raise error
    return caught.value


async def test_a_refused_cpf_leaves_all_that_is_needed_and_nothing_of_a_person(
    stage: Stage, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw: list[bytes] = []

    def spied(raws: list[Path], *others: Any) -> bytes | None:
        for path in raws:
            with zipfile.ZipFile(path) as packed:
                raw.extend(packed.read(name) for name in packed.namelist())
        return merge(raws, *others)

    monkeypatch.setattr("runner.evidence.capture.merge", spied)
    outcome = await stage.play("cpf_recusado", cpf=ANA["cpf"])

    assert outcome.failure is not None and outcome.failure.tipo == "cpf_recusado"
    assert outcome.failure.detail["evidencia"] == "evidence/s/1"
    (exhibit,) = camera.exhibits
    assert list(exhibit.files) == ["screenshot.png", "page.yaml", "trace.zip", "evidence.json"]
    assert exhibit.facts["missing"] == {}
    assert (exhibit.facts["tipo"], exhibit.facts["etapa"]) == ("cpf_recusado", "9")
    assert exhibit.facts["url"].endswith("/cotacao/carro")
    tree = contents(exhibit)["page.yaml"].decode()
    assert "Dados do segurado" in tree and "Não conseguimos seguir com este CPF" in tree
    told = events(exhibit)
    assert {"goto", "click", "fill", "type"} <= {event.get("method") for event in told}
    assert [event for event in told if event["type"] == "frame-snapshot"]
    assert b'/api/avancar"' in contents(exhibit)["trace.network"]

    # The recording knew it all, so that finding nothing means something.
    assert seen(b"".join(raw).decode(), ("52998224725", "Ana Lúcia", "Feminino")) != []
    assert leaks(exhibit) == {}
    actions = [event for event in told if event["type"] != "frame-snapshot"]
    assert seen(json.dumps(actions, ensure_ascii=False), CHOSEN) == []
    assert camera.read and seen("".join(camera.read)) == []


async def test_every_place_of_a_page_is_masked_though_its_scripts_put_it_back(
    browser: Browser, camera: Camera
) -> None:
    await fail(browser, PLACES, Failure("site_mudou", "9"))

    (exhibit,) = camera.exhibits
    assert exhibit.facts["missing"] == {}
    assert "screenshot.png" in exhibit.files
    assert "Tela de teste" in contents(exhibit)["page.yaml"].decode()
    assert leaks(exhibit, (*SPELLINGS, "Rua do Acaso", "471108150471")) == {}
    read = "".join(camera.read)
    assert seen(read, (*SPELLINGS, *FIELDS)) == []
    assert read.count(DOTS) > len(SPELLINGS)


async def test_a_page_that_cannot_be_masked_is_not_photographed(
    browser: Browser, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.evidence.capture.VEIL", "() => ({ left: 1, height: 1 })")
    await fail(browser, PLACES, Failure("site_mudou", "9"))

    (exhibit,) = camera.exhibits
    assert list(exhibit.files) == ["trace.zip", "evidence.json"]
    assert exhibit.facts["missing"] == {"masked": "1 left"}
    assert leaks(exhibit, (*SPELLINGS, *FIELDS)) == {}


async def test_a_page_that_hangs_costs_little_and_its_error_stays_itself(
    browser: Browser, hasty: Camera
) -> None:
    with pytest.raises(Failure) as caught:
        async with browser.page() as page:
            await page.evaluate("void setTimeout(() => { for (;;); }, 0)")
            raise Failure("tela_ausente", "7", {"esperadas": "8"})

    assert caught.value.tipo == "tela_ausente"
    assert caught.value.detail == {"esperadas": "8", "evidencia": "evidence/s/1"}
    assert hasty.took < CLOSE_S + 1
    (exhibit,) = hasty.exhibits
    assert "trace.zip" in exhibit.files and "screenshot.png" not in exhibit.files
    assert "mask" in exhibit.facts["missing"]


@pytest.mark.parametrize(
    "error",
    [
        Failure("cancelado"),
        Failure("robo_interrompido"),
        StoreBusy("locked"),
        ExceptionGroup("both", [StoreBusy("locked")]),
        KeyboardInterrupt(),
    ],
    ids=lambda error: str(getattr(error, "tipo", type(error).__name__)),
)
async def test_what_is_no_failing_screen_leaves_nothing(
    browser: Browser, camera: Camera, error: BaseException
) -> None:
    assert await fail(browser, PLACES, error) is error
    assert camera.exhibits == []


async def test_a_page_that_ends_well_leaves_nothing(browser: Browser, camera: Camera) -> None:
    async with browser.page() as page:
        await page.set_content(PLACES)

    assert camera.exhibits == [] and not camera.shelf.root.exists()


async def test_a_page_that_died_leaves_nothing(hasty: Camera) -> None:
    with pytest.raises(Failure, match="navegador_caiu"):
        async with Browser(witness=hasty) as doomed, doomed.page() as page:
            await page.goto("chrome://crash")

    assert hasty.exhibits == []


@pytest.mark.parametrize(("reason", "kept"), [("tempo_esgotado", 1), ("cancelado", 0), (None, 0)])
async def test_a_cancelled_run_is_kept_where_its_reason_is_a_failure(
    browser: Browser, camera: Camera, reason: str | None, kept: int
) -> None:
    with anyio.CancelScope() as scope:
        async with browser.page() as page:
            await page.set_content("<h1>Tela</h1>")
            scope.cancel(reason)
            await anyio.sleep_forever()

    assert len(camera.exhibits) == kept
    if kept:
        assert camera.exhibits[0].facts["tipo"] == reason
        # Nobody told the screen, so the log was asked.
        assert camera.exhibits[0].facts["etapa"] == "9"


async def test_a_second_page_gets_the_next_number_and_an_unforeseen_error_its_name(
    browser: Browser, camera: Camera
) -> None:
    await fail(browser, "<h1>1</h1>", Failure("tela_ausente", "2"))
    await fail(browser, "<h1>2</h1>", ZeroDivisionError())
    with pytest.raises(Failure, match="site_mudou"):
        async with browser.page() as page:
            await page.fill("#never", "52998224725", timeout=50)

    kept = [(one.number, one.facts["tipo"], one.facts["etapa"]) for one in camera.exhibits]
    assert kept == [(1, "tela_ausente", "2"), (2, "interno", "9"), (3, "site_mudou", "9")]
    assert [leaks(exhibit) for exhibit in camera.exhibits] == [{}, {}, {}]


async def test_folders_and_files_are_this_users_alone(browser: Browser, camera: Camera) -> None:
    await fail(browser, "<h1>1</h1>", Failure("tela_ausente"))

    root = camera.shelf.root
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o600"}


async def test_a_disk_that_takes_nothing_changes_no_error(browser: Browser, camera: Camera) -> None:
    camera.shelf.root.write_text("a file where the folder should be")
    error = Failure("tela_ausente", "2")

    assert await fail(browser, "<h1>1</h1>", error) is error
    assert "evidencia" not in error.detail


def test_words_that_everybody_uses_are_left_alone() -> None:
    mask = Mask(["Ana Sá", "Rua do Porto"], CHOSEN)

    assert mask.page("A semana passada, Feminino, R$ 1.200,00, 2024") == (
        "A semana passada, Feminino, R$ 1.200,00, 2024"
    )
    assert mask.page("Oi, Ana!") == f"Oi, {DOTS}!"
    assert mask.told("Feminino") == DOTS


def test_somebody_elses_numbers_go_by_their_shape() -> None:
    shown = "João: 111.444.777-35, (21) 91234-5678, XYZ-9A87, 31/12/1991, 20040-002, j@x.com.br"

    assert Mask([]).page(shown) == f"João: {', '.join([DOTS] * 6)}"


def test_an_address_keeps_neither_query_nor_account() -> None:
    assert Mask([]).url("https://a:b@x.example/p?cpf=1#f") == "https://x.example/p"
    assert Mask([]).told('to "https://x.example/p?t=secret"') == f'to "https://x.example/p?{DOTS}"'


def test_old_evidence_goes_and_so_does_the_oldest_of_too_much(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "evidence")
    for age, name in enumerate(["new", "middle", "old"]):
        (shelf.open(name) / "trace.zip").write_bytes(b"x" * 1000)
        moment = time.time() - age * 86_400 * 10
        os.utime(shelf.folder(name), (moment, moment))

    assert shelf.sweep(days=14) == 1
    assert [bool(shelf.exhibits(name)) for name in ("new", "middle", "old")] == [True, True, False]
    assert shelf.sweep(days=14, max_bytes=1500) == 1
    assert [bool(shelf.exhibits(name)) for name in ("new", "middle")] == [True, False]
    assert shelf.sweep(days=0) == 1
    assert list(shelf.root.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "", ".", "..", "a/b", "a" * 101, "a\n", "é"])
def test_what_is_no_session_id_becomes_no_path(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path)
    for call in (shelf.folder, shelf.open, shelf.exhibits, shelf.remove):
        with pytest.raises(ValueError, match="letters, digits"):
            call(name)
