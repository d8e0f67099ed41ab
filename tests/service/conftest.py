"""The service as others meet it: real Hypercorn on a free port, a real file, real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from db.events import Event, EventType
from db.sqlite import SqliteStore
from db.store import Lease, NewSession, Store
from service.app import Service, ServiceSettings, create_app
from service.server import serve
from service.token import mint
from tests.service.served import Served

SECRET = "the secret of a test, long enough for HS256"
SITE = "https://loja.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeIntake:
    """What the service needs of a runner's intake."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    assumed: Sequence[str] = ()
    ignored: int = 0
    errors: Mapping[str, str] = field(default_factory=dict)


class FakeAutomation:
    """Takes a plate and an optional use; says what is wrong with both at once."""

    name = "cotacao_auto"
    queue = "quotes"
    priority = 7

    def normalise(self, raw: Mapping[str, Any], *, language: str) -> FakeIntake:
        if raw.get("placa") == "explode":
            raise RuntimeError("a bug that knows CPF 123.456.789-09")
        errors = {}
        if not isinstance(raw.get("placa"), str):
            errors["placa"] = "Informe a placa" if language == "pt" else "Enter the plate"
        if raw.get("uso", "particular") not in ("particular", "trabalho"):
            errors["uso"] = "Uso inválido" if language == "pt" else "Invalid use"
        if errors:
            return FakeIntake(errors=errors)
        known = {"placa": raw["placa"].upper(), "uso": raw.get("uso", "particular")}
        assumed = () if "uso" in raw else ("uso",)
        return FakeIntake(answers=known, assumed=assumed, ignored=len(set(raw) - {"placa", "uso"}))


class Pen:
    """Writes one session's events under a lease, as a runner would."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store, self._lease = store, lease

    @classmethod
    async def take(cls, store: Store, session_id: str) -> Pen:
        return cls(store, await store.fence(session_id, "test", ttl_s=60))

    async def progress(self, count: int = 1, **data: Any) -> Event:
        for number in range(count):
            given = {"etapa": str(number + 1), "mensagem": "Preenchendo", "fase": "entrou", **data}
            event = await self._store.append(self._lease, EventType.PROGRESS, given)
        return event

    async def result(self) -> Event:
        data = {"desfecho": "cotacao", "mensagem": "Pronto"}
        return await self._store.append(self._lease, EventType.RESULT, data)

    async def error(self, *, final: bool, tipo: str = "site") -> Event:
        data = {"tipo": tipo, "mensagem": "Não deu", "sugestao": "Tente", "final": final}
        return await self._store.append(self._lease, EventType.ERROR, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that serves, and a client on its address."""

    url: str
    client: httpx.AsyncClient
    store: Store
    app: Service
    stop: anyio.Event
    stopped: anyio.Event

    async def new(self, session_id: str | None = None) -> str:
        """A queued session, straight in the store."""
        session_id = session_id or f"rpa_v5_20260101_000000_{next(_NUMBERS):032x}"
        await self.store.create(NewSession(id=session_id, automation="test", queue="quotes"))
        return session_id

    async def told(self, count: int = 9, *, ended: bool = True) -> str:
        """A session with `count` progress events and, if `ended`, a result behind them."""
        session_id = await self.new()
        pen = await self.pen(session_id)
        await pen.progress(count)
        if ended:
            await pen.result()
        return session_id

    async def pen(self, session_id: str) -> Pen:
        return await Pen.take(self.store, session_id)

    def events(self, session_id: str, **query: object) -> str:
        """The address of the session's stream, with a token."""
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return f"/api/rpa/events/{session_id}?token={token(session_id)}{more}"

    def progress(self, session_id: str, **query: object) -> str:
        """The address of the session's snapshot, with a token."""
        return self.events(session_id, **query).replace("/events/", "/progress/")


_NUMBERS = iter(range(1, 1_000_000))

Serving = Callable[..., AbstractAsyncContextManager[Running]]


def token(session_id: str, **choices: Any) -> str:
    """A token as the service makes them."""
    return mint(SECRET, session_id, **choices)


def blocks(text: str) -> list[dict[str, str]]:
    """A stream's blocks, each as its fields; comments and blank lines are not among them."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


def ids(text: str) -> list[int]:
    """The ids in a stream's text."""
    return [int(block["id"]) for block in blocks(text) if "id" in block]


def seal(session_id: str, answers: Mapping[str, Any]) -> bytes:
    """Not secret, but good to look at."""
    return json.dumps({"session": session_id, "answers": dict(answers)}).encode()


@asynccontextmanager
async def running(
    store: Store, settings: ServiceSettings, **choices: Any
) -> AsyncIterator[Running]:
    """A service over `store` on a free port until the block ends."""
    automation, tls = FakeAutomation(), choices.pop("tls", None)
    app = create_app(
        store=choices.pop("seen_as", store),
        automations={automation.name: automation},
        seal=seal,
        secret=SECRET,
        settings=settings,
        **choices,
    )
    stop, stopped, up = anyio.Event(), anyio.Event(), anyio.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        up.set()

    async def serve_to_the_end() -> None:
        await serve(app, host="127.0.0.1", port=0, stop=stop, ready=ready, tls=tls)
        stopped.set()

    async with anyio.create_task_group() as group:
        group.start_soon(serve_to_the_end)
        with anyio.fail_after(10):
            await up.wait()
        async with httpx.AsyncClient(base_url=urls[0], timeout=10) as client:
            yield Running(
                url=urls[0], client=client, store=store, app=app, stop=stop, stopped=stopped
            )
        stop.set()
        with anyio.fail_after(10):
            await stopped.wait()


@pytest.fixture
def serving(database: Path) -> Serving:
    """Starts a service with the settings at hand."""

    @asynccontextmanager
    async def start(
        settings: ServiceSettings | None = None, **choices: Any
    ) -> AsyncIterator[Running]:
        async with (
            SqliteStore(database, create=True, busy_timeout_s=0.3) as store,
            running(store, settings or ServiceSettings(cors_origins=[SITE]), **choices) as service,
        ):
            yield service

    return start


@pytest.fixture
async def service(serving: Serving) -> AsyncIterator[Running]:
    """A service with default settings and one allowed site."""
    async with serving() as started:
        yield started


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the servers of this process hold; to be asked for before they start."""
    return Served(monkeypatch)
