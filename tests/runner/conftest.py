"""A bench for the runner: sessions, supervisors with real workers, and what became of them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import psutil
import pytest

from db.errors import StoreError, UnknownSession
from db.events import Event
from db.store import Lease, NewSession, Session, Store
from runner.flow import Site
from runner.job import Job
from runner.process import Child
from runner.supervisor import Supervisor, Workplace
from tests.runner.flows import AUTOMATIONS

COMMAND = (sys.executable, "-m", "tests.runner.entry")
PERSON = {
    "nome": "Josefina Quarentena",
    "cpf": "529.982.247-25",
    "email": "josefina@example.org",
}
SITE = Site(url="https://site.example", email="corretor@example.org", password="pass-word-of-site")
# How often a condition with a deadline is looked at; a busier look would take the CPU away from
# the very processes that are waited for.
PACE_S = 0.01


class Bench:
    """Sessions in one database, and supervisors over it that stop with the bench."""

    def __init__(self, store: Store, database: Path) -> None:
        self.store = store
        self.database = database
        self.url = f"sqlite:///{database}"
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.stop = anyio.Event()
        self._left: dict[Supervisor, anyio.Event] = {}
        self._group = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self.stop.set()
        return await self._group.__aexit__(kind, error, trace)

    async def create(self, automation: str, name: str = "a", **answers: Any) -> str:
        """A queued session with these answers."""
        self.answers[name] = answers
        await self.store.create(NewSession(id=name, automation=automation, queue="q"))
        return name

    def supervisor(self, **options: Any) -> Supervisor:
        """A supervisor that is not running yet."""
        workplace = Workplace(database=self.url, site=SITE)
        given: dict[str, Any] = {
            "store": self.store,
            "automations": AUTOMATIONS,
            "queues": ["q"],
            "capacity": 30,
            "command": COMMAND,
            "workplace": workplace,
            "unseal": lambda session: self.answers[session.id],
            "grace_s": 0.1,
        }
        return Supervisor(**{**given, **options})

    def supervise(self, **options: Any) -> Supervisor:
        """A supervisor that runs until the bench is left."""
        supervisor = self.supervisor(**options)
        left = self._left[supervisor] = anyio.Event()

        async def run() -> None:
            await supervisor.run(self.stop)
            left.set()

        self._group.start_soon(run)
        return supervisor

    async def left(self, supervisor: Supervisor) -> None:
        """Return once that supervisor has stopped."""
        with anyio.fail_after(20):
            await self._left[supervisor].wait()

    def start(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Anything else that runs beside the test."""
        self._group.start_soon(call, *arguments)

    async def restart(self, supervisor: Supervisor, **options: Any) -> Supervisor:
        """Stop this one and start the next one over the same database."""
        self.stop.set()
        await self.left(supervisor)
        self.stop = anyio.Event()
        return self.supervise(**options)

    async def claim(self, name: str = "a", *, ttl_s: float = 5) -> Lease:
        """This test holds the session itself."""
        found = await self.store.claim("test", queues=["q"], ttl_s=ttl_s)
        assert found is not None and found[0].id == name
        return found[1]

    def job(self, lease: Lease, automation: str, *, ttl_s: float = 5, **answers: Any) -> Job:
        """The job of a worker that this test starts itself."""
        return Job(
            session_id=lease.session_id,
            generation=lease.generation,
            owner=lease.owner,
            automation=automation,
            answers=answers,
            database=self.url,
            site=SITE,
            ttl_s=ttl_s,
        )

    async def until(
        self, condition: Callable[[Session], bool], name: str = "a", *, within_s: float = 20
    ) -> Session:
        """The session once the condition holds."""
        with anyio.fail_after(within_s):
            while True:
                with suppress(UnknownSession):
                    session = await self.store.session(name)
                    if condition(session):
                        return session
                await anyio.sleep(PACE_S)

    async def screen(self, etapa: str, name: str = "a", *, within_s: float = 20) -> Session:
        """The session once that screen was entered."""

        async def entered() -> bool:
            return any(event.data.get("etapa") == etapa for event in await self.events(name))

        with anyio.fail_after(within_s):
            while not await entered():
                await anyio.sleep(PACE_S)
        return await self.store.session(name)

    async def ending(self, name: str = "a", *, within_s: float = 20) -> Event:
        """The last event of the session once it has ended; it is the only ending."""
        await self.until(lambda session: session.ended_at is not None, name, within_s=within_s)
        events = await self.events(name)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.seq for event in events if event.status] == [len(events)]
        return events[-1]

    async def events(self, name: str = "a") -> list[Event]:
        """The session's whole history."""
        return await self.store.events(name)


@asynccontextmanager
async def given(command: Sequence[str], job: Job, **options: Any) -> AsyncIterator[Child]:
    """A worker with its job."""
    async with Child(command, **options) as child:
        await child.give(job)
        yield child


async def gone(pid: int, *, within_s: float = 20) -> None:
    """Return once there is no such process (or only its remains)."""
    with anyio.fail_after(within_s):
        while psutil.pid_exists(pid):
            try:
                if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                    return
            except psutil.NoSuchProcess:
                return
            await anyio.sleep(PACE_S)


class Failing:
    """A store of which the named verbs raise, as long as `error` is set."""

    def __init__(self, store: Store, *verbs: str) -> None:
        self.error: StoreError | None = None
        self.asked = 0
        self._store = store
        self._verbs = verbs

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        if name not in self._verbs:
            return verb

        async def maybe(*arguments: Any, **options: Any) -> Any:
            self.asked += 1
            if self.error is not None:
                raise self.error
            return await verb(*arguments, **options)

        return maybe


@pytest.fixture
async def bench(store: Store, database: Path) -> AsyncIterator[Bench]:
    """A bench that leaves no child process behind."""
    before = set(psutil.Process().children(recursive=True))
    async with Bench(store, database) as opened:
        yield opened
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]
