"""The page that teaches to write a flow: what it shows is written to a folder, installed, and run.

1. A block belongs to the file named in the line above it; a `sh` block is run word for word, and a
   `text` block after it is what it printed ("…" stands for anything, a time for any time).
2. The environment is one of its own that borrows the installed packages of ours: nothing is
   downloaded, and nothing of the tests stays behind.
3. Only the site's port is another one, for 8600 may be taken.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from runner.failure import Failure
from runner.flow import Flow, Report, Visit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`([\w./]+)`\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CLOCK = re.compile(r"\d\d:\d\d:\d\d\.\d{3}")
PORT = "8600"
SERVE = "http.server"
TOOLS = ("andamento", "pip", "pytest")
# Several browsers, one after another, on a busy machine.
PATIENCE_S = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of the page: of the file `name`, or a command with what it `printed`."""

    name: str
    language: str
    text: str
    printed: str = ""


def blocks(page: str) -> list[Block]:
    """The page's blocks, each output with its command."""
    found: list[Block] = []
    for name, language, text in BLOCK.findall(page):
        if language == "text":
            command = found.pop()
            assert command.language == "sh", "an output belongs to a command"
            text, printed = command.text, text
            found.append(Block(name="", language="sh", text=text, printed=printed))
        else:
            found.append(Block(name=name, language=language, text=text))
    return found


@dataclass(kw_only=True)
class Reader:
    """Somebody who does in a folder what the page says."""

    folder: Path
    bin: Path
    port: str = PORT
    told: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Without the settings of whoever runs the tests, and without a network for pip."""
        outer = {name: value for name, value in os.environ.items() if "ANDAMENTO" not in name}
        own = {"PATH": f"{self.bin}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        # pip reads a "no" option's variable as the option itself: false is what switches it on.
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "false"}
        return {**outer, **own, **pip, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run these lines as a shell would."""
        done = subprocess.run(
            ["bash", "-euc", f"{self.exports}{text.replace(PORT, self.port)}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
        )
        self.told.append(done)
        return done

    @property
    def exports(self) -> str:
        """What earlier blocks have exported: it is still so in the reader's shell."""
        lines = [line for block in blocks(PAGE) for line in block.text.splitlines()]
        exported = [line for line in lines if line.startswith("export ")]
        return "".join(f"{line}\n" for line in exported).replace(PORT, self.port)

    def serve(self, text: str) -> subprocess.Popen[str]:
        """Start the site on a free port."""
        process = subprocess.Popen(
            text.replace(PORT, "0").split(),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        port = re.search(r"port (\d+)", process.stdout.readline())
        assert port is not None
        self.port = port[1]
        return process


def environment(folder: Path) -> Path:
    """The programs of a new environment in which all that ours has is installed."""
    venv.create(folder, symlinks=True)
    programs, site_packages = folder / "bin", Path(sysconfig.get_path("purelib"))
    own = next(folder.glob("lib/python*/site-packages"))
    borrow = f"import site; site.addsitedir({str(site_packages)!r})\n"
    (own / "borrowed.pth").write_text(borrow, encoding="utf-8")
    for tool in TOOLS:
        script = (Path(sys.executable).parent / tool).read_text(encoding="utf-8")
        _, _, rest = script.partition("\n")
        (programs / tool).write_text(f"#!{programs / 'python'}\n{rest}", encoding="utf-8")
        (programs / tool).chmod(0o755)
    return programs


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader who has written the page's files, serves the site and has typed every command."""
    folder = tmp_path_factory.mktemp("flow")
    reader = Reader(folder=folder, bin=environment(tmp_path_factory.mktemp("env")))
    commands = []
    for block in blocks(PAGE):
        if block.name:
            path = folder / block.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        else:
            commands.append(block)
    (serve,) = (block for block in commands if SERVE in block.text)
    with reader.serve(serve.text) as site:
        try:
            for block in commands:
                if block is not serve:
                    reader.type(block.text)
            yield reader
        finally:
            site.terminate()


def pattern(printed: str) -> re.Pattern[str]:
    """What the page says was printed: times are any times, "…" is anything."""
    parts = (re.escape(part) for part in CLOCK.sub("…", printed).split("…"))
    return re.compile(".*?".join(parts), re.DOTALL)


def typed(words: str) -> tuple[int, Block]:
    """The command of the page that has these words, and its place among those typed."""
    commands = [block for block in blocks(PAGE) if not block.name and SERVE not in block.text]
    (found,) = ((place, one) for place, one in enumerate(commands) if words in one.text)
    return found


def test_every_block_is_a_file_or_a_command() -> None:
    for block in blocks(PAGE):
        assert bool(block.name) is (block.language != "sh"), block.text


@pytest.mark.parametrize(
    "words",
    ["pip install", "--session primeira", "show primeira", "--session longe", "evidence", "pytest"],
)
def test_a_command_does_what_the_page_says(reader: Reader, words: str) -> None:
    place, block = typed(words)
    done = reader.told[place]
    assert done.returncode == 0, done.stdout
    if block.printed:
        assert pattern(block.printed).fullmatch(done.stdout), done.stdout


def test_these_are_all_its_commands() -> None:
    commands = [block for block in blocks(PAGE) if block.language == "sh"]
    assert len(commands) == 7


def test_a_run_is_quoted_and_a_refused_one_fails_in_the_flows_own_words(reader: Reader) -> None:
    snapshot = reader.type("andamento snapshot primeira").stdout
    assert '"percentual":100' in snapshot and "R$ 39,90" in snapshot
    failed = reader.type("andamento show longe --json").stdout
    assert '"status":"failed"' in failed
    assert "A seguradora ainda não atende o CEP informado." in failed
    assert "99700" not in failed


def test_the_service_takes_it_too(reader: Reader) -> None:
    ana = (reader.folder / "ana.json").read_text(encoding="utf-8")
    command = ["andamento", "serve", "--port", "0", "--db", "sqlite:///service.db"]
    with subprocess.Popen(
        command, cwd=reader.folder, env=reader.environment, stdout=subprocess.PIPE, text=True
    ) as service:
        try:
            assert service.stdout is not None
            url = service.stdout.readline().split()[1]
            asked = {"automation": "casa", **httpx.Response(200, text=ana).json()}
            assert httpx.post(f"{url}/api/rpa/start", json=asked).status_code == 202
            refused = httpx.post(f"{url}/api/rpa/start", json={**asked, "cep": "1"})
            assert refused.json()["campos"] == {"cep": "CEP inválido: confira os 8 dígitos"}
        finally:
            service.terminate()


def test_the_tables_leave_nothing_out() -> None:
    def parameters(call: Any) -> set[str]:
        return {name for name in inspect.signature(call).parameters if name != "self"}

    verbs = {name for name in vars(Report) if not name.startswith("_")}
    own = {one.name for one in fields(Visit)}
    for name in parameters(Flow.screen) | parameters(Failure.__init__) | verbs | own:
        assert re.search(rf"[`(\s]{name}\b", PAGE), name
