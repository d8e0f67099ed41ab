"""A visitor's data are nowhere but in the site's hands, the memory of the run, and the sealed row.

1. One story for all tests: the whole product as real processes, at its most talkative; one quote
   that succeeds, one that is refused and leaves evidence.
2. Every value of the invented persons is unlike anything else, and is looked for in all spellings
   that a program might make of it. The words of closed questions ("Divorciado") are everybody's:
   the page's accessibility tree may show them among the others, so they are not looked for there.
3. The processes are looked at while the site holds a screen's answers (then they are surely in the
   browser and in the worker), and at every event that a visitor receives.
4. A search that finds nothing proves nothing: the same searches find what is there to be found.
"""

from __future__ import annotations

import html
import json
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import psutil
import pytest
from httpx_sse import connect_sse

from andamento.settings import Keys
from db.vault import Vault
from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from demo.replica.check import cpf_check_digits
from demo.replica.scenario import ROWS, Scenario
from demo.visitor import EVENTS

PERSON: Mapping[str, str] = {
    "nome": "Quitéria Xavantina Zuleide",
    "cpf": "716253849" + cpf_check_digits("716253849"),
    "cep": "69987354",
    "email": "quiteria.zuleide@example.org",
    "celular": "68975318642",
    "data_nascimento": "29/02/1956",
    "sexo": "Feminino",
    "estado_civil": "Divorciado",
    "condutor_principal": "não",
    "nome_condutor": "Epaminondas Jurandir Tibiriçá",
    "cpf_condutor": "849162735" + cpf_check_digits("849162735"),
    "data_nascimento_condutor": "31/10/1961",
    "sexo_condutor": "Masculino",
    "estado_civil_condutor": "Separado",
    # Only shown back to the visitor.
    "endereco": "Travessa das Jabuticabeiras",
    "numero": "48719 fundos",
    "bairro": "Pitangueirinha",
    "cidade": "Sapopemba do Norte",
}
PLATES = {"placa": "QXZ7K46", "placa_recusada": ROWS[Scenario.CPF_RECUSADO].plates[0]}
CLOSED = ("sexo", "estado_civil", "sexo_condutor", "estado_civil_condutor")
DATES = ("data_nascimento", "data_nascimento_condutor")
NAMES = ("nome", "nome_condutor")
# Its answer tells nothing about anybody.
NOT_PERSONAL = "condutor_principal"


def written(name: str, value: str) -> set[str]:
    """A value as people and sites write it."""
    digits = "".join(filter(str.isdigit, value))
    if name.startswith("cpf"):
        dotted = f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}"
        return {digits, digits[:9], dotted, f"{dotted}-{digits[9:]}"}
    if name == "celular":
        area, first, last = digits[:2], digits[2:7], digits[7:]
        return {digits, first + last, f"{first}-{last}", f"({area}) {first}-{last}"}
    if name == "cep":
        return {digits, f"{digits[:5]}-{digits[5:]}", f"{digits[:2]}.{digits[2:5]}-{digits[5:]}"}
    if name in PLATES:
        return {value, f"{value[:3]}-{value[3:]}", f"{value[:3]} {value[3:]}"}
    if name in DATES:
        day, month, year = value.split("/")
        turned = (day, month, year), (year, month, day)
        return {mark.join(parts) for parts in turned for mark in ("/", "-", ".", "")}
    if name in NAMES:
        return {value, *value.split()}
    return {value, value.partition("@")[0]}


def encoded(text: str) -> set[str]:
    """A text as it stands, without its accents, and as programs quote it."""
    apart = unicodedata.normalize("NFD", text)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    quoted = {
        spelling
        for form in (text, plain)
        for spelling in (quote(form, safe=""), quote_plus(form), html.escape(form))
    }
    return {text, apart, plain, *quoted, json.dumps(text)[1:-1], repr(text.encode())[2:-1]}


NEEDLES: Mapping[str, frozenset[str]] = {
    name: frozenset(
        spelling.casefold() for form in written(name, value) for spelling in encoded(form)
    )
    for name, value in {**PERSON, **PLATES}.items()
    if name != NOT_PERSONAL
}


def found(text: str | bytes) -> set[str]:
    """The names of the answers that occur in a text, in any spelling and any case."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    folded = text.casefold()
    return {name for name, spellings in NEEDLES.items() if any(map(folded.__contains__, spellings))}


def found_in_files(root: Path) -> set[str]:
    """The same, over the names and the contents of all files below a folder, archives opened."""
    return {
        name
        for path in root.rglob("*")
        for part in (str(path.relative_to(root)), *contents(path))
        for name in found(part)
    }


def contents(path: Path) -> Iterator[str | bytes]:
    """What a file holds; of an archive also its members' names and contents."""
    if not path.is_file():
        return
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name
                yield archive.read(name)


def processes(pid: int) -> Iterator[str]:
    """What anybody may read of a process and of all below it, and the names in their folders."""
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):
            yield json.dumps(process.cmdline(), ensure_ascii=False)
        with suppress(psutil.Error):
            yield json.dumps([process.name(), process.cwd()], ensure_ascii=False)
        with suppress(psutil.Error):
            yield json.dumps([file.path for file in process.open_files()], ensure_ascii=False)
        with suppress(psutil.Error):
            environment = process.environ()
            yield json.dumps(environment, ensure_ascii=False)
            if environment.get("TMPDIR", os.environ.get("TMPDIR")) != os.environ.get("TMPDIR"):
                yield "\n".join(names_below(environment["TMPDIR"]))


def names_below(folder: str) -> Iterator[str]:
    """The paths of all that lies in a folder, whatever comes and goes meanwhile."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.path.join(place, name)


class Product:
    """`andamento up`, as talkative as it can be; `said` is all that it wrote, line by line."""

    def __init__(self, folder: Path, site: Replica) -> None:
        self.folder = folder
        self.database = folder / "andamento.db"
        self.said: list[str] = []
        self.api = ""
        self._site = site
        self._ready: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Product:
        settings = {
            "ANDAMENTO_DB": f"sqlite:///{self.database}",
            "ANDAMENTO_DATA_DIR": str(self.folder / "data"),
            "ANDAMENTO_LOG_LEVEL": "debug",
            "ANDAMENTO_QUOTE_URL": self._site.url,
            "ANDAMENTO_QUOTE_EMAIL": DEFAULT_EMAIL,
            "ANDAMENTO_QUOTE_PASSWORD": DEFAULT_PASSWORD,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "andamento", "up", "--port", "0"],
            env={**os.environ, **settings},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            self.api = self._ready.get(timeout=60)
        except queue.Empty:
            self.__exit__()
            raise AssertionError("".join(self.said)) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)
        self._reader.join(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The process above all others."""
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if line.startswith("ready "):
                self._ready.put(line.removeprefix("ready ").strip())


@dataclass
class Story:
    """All that could be looked at, while the product ran and after it."""

    folder: Path
    sessions: list[str] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    said: str = ""
    live_database: dict[str, bytes] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def evidence(self) -> Path:
        """Where the failing screens' evidence lies."""
        return self.folder / "data" / "evidence"

    def live(self, product: Product, answers: Mapping[str, str]) -> None:
        """One visitor's run, from the start to the last event."""
        with httpx.Client(base_url=product.api, timeout=60) as client:
            started = client.post("/api/rpa/start", json=answers)
            assert started.status_code == 202, started.text
            body = started.json()
            self.sessions.append(body["session_id"])
            with connect_sse(client, "GET", body["events_url"]) as stream:
                for message in stream.iter_sse():
                    if message.event in EVENTS:
                        self.heard.append(message.json())
                        self.looks += processes(product.pid)
            self.snapshots.append(client.get(body["progress_url"]).text)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A quote that succeeds, and one that is refused after everything about the person was said."""
    folder = tmp_path_factory.mktemp("privacy")
    story = Story(folder=folder)
    with Replica(pace="fast", seed=1) as site, Product(folder, site) as product:
        answer = site.business.answer

        def look_and_answer(door: str, data: dict[str, Any]) -> Any:
            if door == "avancar":
                story.looks += processes(product.pid)
            return answer(door, data)

        # The page waits meanwhile: what it has sent is surely in the browser.
        site.business.answer = look_and_answer  # type: ignore[method-assign]  # a seam of the test
        for plate in PLATES.values():
            story.live(product, {**PERSON, "placa": plate})
        # As a stranger would read it: the product has it open, this process has not.
        files = folder.glob("andamento.db*")
        story.live_database = {path.name: path.read_bytes() for path in files}
        story.received = site.records()
    story.said = "".join(product.said)
    return story


def test_the_searches_find_what_is_there(tmp_path: Path) -> None:
    for name, spellings in NEEDLES.items():
        for spelling in spellings:
            noise = f"x{spelling.upper()}y"
            assert name in found(noise) and name in found(noise.encode()), spelling
    (tmp_path / f"{PERSON['cpf']}.txt").write_text(PERSON["email"])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"{PERSON['cep']}.txt", PERSON["nome"], zipfile.ZIP_DEFLATED)
    assert found_in_files(tmp_path) >= {"cpf", "email", "cep", "nome"}
    command = [sys.executable, "-c", "input()", PERSON["celular"]]
    environment = {**os.environ, "WHO": PERSON["nome_condutor"], "TMPDIR": str(tmp_path)}
    told = tmp_path / f"{PLATES['placa']}.log"
    with (
        told.open("w") as file,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=file) as process,
    ):
        looks = found("\n".join(processes(process.pid)))
        process.communicate(b"\n")
    # Command line, environment, open file, and a name in its temporary folder.
    assert looks >= {"celular", "nome_condutor", "placa", "cpf"}


def test_the_site_received_it_all(story: Story) -> None:
    sent = NEEDLES.keys() - {"endereco", "numero", "bairro", "cidade"}
    assert found(json.dumps(story.received)) >= sent
    assert [record["ending"] for record in story.received] == ["resultado", "cpf_recusado"]
    endings = [event for event in story.heard if event["type"] in ("result", "error")]
    assert [event["data"].get("tipo") for event in endings] == [None, "cpf_recusado"]


def test_no_event_and_no_snapshot_tells_any_of_it(story: Story) -> None:
    with closing(sqlite3.connect(story.folder / "andamento.db")) as connection:
        rows = connection.execute("SELECT type, data, detail FROM events").fetchall()
        tables = "\n".join(connection.iterdump())
    assert len(rows) == len(story.heard) > 40
    assert any(detail for _, _, detail in rows)
    assert found(json.dumps(rows, ensure_ascii=False)) == set()
    assert found(json.dumps(story.heard, ensure_ascii=False)) == set()
    assert found("\n".join(story.snapshots)) == set()
    assert found(tables) == set()


def test_no_line_that_the_product_wrote_tells_any_of_it(story: Story) -> None:
    for session in story.sessions:
        assert session in story.said
    assert found(story.said) == set()


def test_no_process_shows_any_of_it(story: Story) -> None:
    looks = "\n".join(story.looks)
    for seen in ("andamento.worker", "--type=renderer", "andamento.db-wal", "user-data-dir"):
        assert seen in looks, seen
    assert found(looks) == set()
    folders = set(re.findall(r'"TMPDIR": "([^"]+)"', looks)) - {os.environ.get("TMPDIR")}
    # Raw recordings, which hold what was typed, lie in there.
    assert folders and not [folder for folder in folders if Path(folder).exists()]


def test_the_database_file_holds_the_answers_sealed_and_in_no_other_way(story: Story) -> None:
    assert {"andamento.db", "andamento.db-wal"} <= story.live_database.keys()
    assert all(story.live_database[name] for name in ("andamento.db", "andamento.db-wal"))
    for content in story.live_database.values():
        assert found(content) == set()
    database = story.folder / "andamento.db"
    assert found(database.read_bytes()) == set()
    vault = Vault(Keys(story.folder / "data").vault)
    with closing(sqlite3.connect(database)) as connection:
        sealed = connection.execute("SELECT id, answers FROM sessions").fetchall()
    opened = [vault.open(session, answers) for session, answers in sealed]
    assert found(json.dumps(opened)) == NEEDLES.keys()


def test_no_file_is_named_for_any_of_it_or_holds_it(story: Story) -> None:
    (facts,) = story.evidence.rglob("evidence.json")
    kept = {path.name for path in facts.parent.iterdir()}
    # Each part has a time of its own, which a busy machine may overrun; then it is said.
    missing = json.loads(facts.read_text())["missing"].keys()
    assert kept | missing >= {"screenshot.png", "page.yaml", "trace.zip"}
    assert found_in_files(story.folder) - set(CLOSED) == set()
    assert found("\n".join(names_below(str(story.folder)))) == set()
