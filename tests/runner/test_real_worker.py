"""`andamento.worker` itself: what it says of a run and of a person, and how it waits warm."""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import psutil
import pytest

from db.events import EventType
from db.store import LogLine
from runner.automation import Automation
from runner.supervisor import Supervisor, Workplace
from tests.cli.test_automations import Installed
from tests.runner.conftest import PACE_S, SITE, Bench
from tests.runner.flows import Anything
from tests.runner.test_journal import journal_of, logged
from tests.runner.test_lifeline import REAL

pytestmark = pytest.mark.anyio

# As another package would write them: one automation that talks, one that opens a page.
GUEST = """
import structlog
from runner.automation import Answers, Automation

DONE = {"desfecho": "cotacao_manual", "mensagem": "Pronto.", "proximo_passo": "Nada."}

class Person(Answers):
    nome: str = ""
    cpf: str = ""

async def talk(context):
    log = structlog.get_logger()
    cpf, nome = context.answers["cpf"], context.answers["nome"]
    digits = "".join(filter(str.isdigit, cpf))
    await context.report.entered("2", "Placa", "Informando a placa")
    log.info("asked", cpf=cpf, digits=digits, people=[{"nome": nome}], kept=2)
    log.warning(f"refused for {nome} with {digits}")
    log.info("last")
    await context.report.result(DONE)

async def odd(context):
    log = structlog.get_logger()
    cpf, nome = context.answers["cpf"], context.answers["nome"]
    number = int("".join(filter(str.isdigit, cpf)))
    log.info("strange", error=ValueError(nome), number=number, some={cpf}, **{nome: 1})
    await context.report.result(DONE)

async def browse(context):
    await context.report.entered("1", "Site", "Abrindo")
    async with context.page() as page:
        await page.goto("data:text/html,<h1>x</h1>")
        assert await page.locator("h1").inner_text() == "x"
    await context.report.result(DONE)

def automation(name):
    return Automation(
        name=name, title=name, queue="q", model=Person, flow=f"guest:{name}", total=3
    )

TALK, ODD, BROWSE = map(automation, ("talk", "odd", "browse"))
"""
# Invented, with the check digits that a real one would have.
PERSON = {"nome": "Quitéria Xavantina", "cpf": "716.253.849-55"}
PARTS = ("Quitéria", "Quit", "Xavantina", "716253849", "716.253.849", "849-55")


class Guests:
    """A bench whose workers are real ones, with another package installed."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        installed = Installed(folder)
        names = ("talk", "odd", "browse")
        installed.add("guest", GUEST, **{name: f"guest:{name.upper()}" for name in names})
        # The tests' own package has to be found as well, wherever the tests were started.
        path = os.pathsep.join((str(folder), str(Path(__file__).parents[2])))
        self.environment = {**os.environ, "PYTHONPATH": path}

    def supervise(self, name: str, **options: object) -> Supervisor:
        one = Automation(
            name=name, title=name, queue="q", model=Anything, flow=f"guest:{name}", total=3
        )
        workplace = Workplace(database=self.bench.url, site=SITE, environment=self.environment)
        return self.bench.supervise(
            automations={name: one}, command=REAL, workplace=workplace, capacity=1, **options
        )


@pytest.fixture
def guests(bench: Bench, tmp_path: Path) -> Guests:
    folder = tmp_path / "packages"
    folder.mkdir()
    return Guests(bench, folder)


async def test_what_a_flow_logs_is_kept_without_anything_of_the_persons(
    bench: Bench, guests: Guests, capfd: pytest.CaptureFixture[str]
) -> None:
    async with journal_of(bench.store):
        guests.supervise("talk")
        await bench.create("talk", **PERSON)
        assert (await bench.ending(within_s=60)).type is EventType.RESULT
        await logged(bench, "last")
        asked = await logged(bench, "asked")
    assert (asked.generation, asked.screen, asked.level) == (1, "2", "info")
    assert (asked.fields["cpf"], asked.fields["kept"]) == ("•••", 2)
    kept = "\n".join(str(line) for line in await bench.store.logs("a"))
    assert "refused for •••" in kept
    with closing(sqlite3.connect(bench.database)) as database:
        written = "\n".join(map(str, database.execute("SELECT * FROM logs")))
    for part in PARTS:
        assert part not in kept and part not in written
    assert "Xavantina" not in "".join(capfd.readouterr())


async def test_what_a_flow_logs_is_nobodys_whatever_type_it_has(
    bench: Bench, guests: Guests
) -> None:
    async with journal_of(bench.store):
        guests.supervise("odd")
        await bench.create("odd", **PERSON)
        assert (await bench.ending(within_s=60)).type is EventType.RESULT
        strange = str(await logged(bench, "strange"))
    assert not [part for part in PARTS if part in strange]


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the workers' temporary folders are made; sockets in them need short names."""
    with tempfile.TemporaryDirectory(prefix="a") as place:
        monkeypatch.setattr(tempfile, "tempdir", place)
        yield Path(place)


async def warm(supervisor: Supervisor) -> int:
    """The pid of the only spare, once it has said that it is ready."""

    def ready() -> list[int]:
        children = [one.child for one in supervisor._spares._waiting]
        return [
            child.pid
            for child in children
            if "spare is ready" in [line["event"] for line in child._output._early]
        ]

    with anyio.fail_after(60):
        while not ready():
            await anyio.sleep(PACE_S)
    return ready()[0]


def browser_of(pid: int) -> psutil.Process:
    """Its Chromium: the one that has the profile, and is no part of another one."""
    for process in psutil.Process(pid).children(recursive=True):
        command = " ".join(process.cmdline())
        if "--user-data-dir" in command and "--type=" not in command:
            return process
    raise AssertionError("the spare has no browser")


async def test_a_session_gets_a_warm_worker_whose_early_lines_are_its_own(
    bench: Bench, guests: Guests
) -> None:
    async with journal_of(bench.store):
        await warm(guests.supervise("browse", spares=1))
        await bench.create("browse", **PERSON)
        assert (await bench.ending(within_s=60)).type is EventType.RESULT
        await logged(bench, "spare was taken")
        lines = await bench.store.logs("a")
    assert {(line.session_id, line.generation) for line in lines} == {("a", 1)}
    messages = [line.message for line in lines]
    assert messages.count("browser opened") == 1
    assert messages.index("spare is ready") < messages.index("spare was taken")
    assert _said(lines, "worker started").fields["warm"] is True


async def test_a_session_works_though_the_browser_of_its_spare_was_killed(
    bench: Bench, guests: Guests, root: Path
) -> None:
    async with journal_of(bench.store):
        browser_of(await warm(guests.supervise("browse", spares=1))).send_signal(signal.SIGKILL)
        # The driver has noticed once it has removed the profile.
        with anyio.fail_after(60):
            while list(root.glob("*/playwright_chromiumdev_profile*")):
                await anyio.sleep(PACE_S)
        await at_rest()
        await bench.create("browse", **PERSON)
        assert (await bench.ending(within_s=60)).type is EventType.RESULT
        await logged(bench, "warm browser died")
        lines = await bench.store.logs("a")
    assert [line.message for line in lines].count("browser opened") == 2
    assert _said(lines, "worker started").fields["warm"] is True


async def at_rest() -> None:
    """Return once worker and driver have nothing left to do: what one told the other was read."""
    quiet = 0
    with anyio.fail_after(60):
        while quiet < 20:
            family = psutil.Process().children(recursive=True)
            asleep = [one.status() == psutil.STATUS_SLEEPING for one in family if one.is_running()]
            quiet = quiet + 1 if all(asleep) else 0
            await anyio.sleep(PACE_S)


def _said(lines: list[LogLine], message: str) -> LogLine:
    return next(line for line in lines if line.message == message)
