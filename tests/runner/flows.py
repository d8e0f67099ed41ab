"""Automations that misbehave on request, each a flow of a few lines."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio

from runner.automation import Answers, Automation
from runner.failure import Failure
from runner.flow import Context
from runner.flows.simulacao import AUTOMATION as SIMULACAO

DONE: Mapping[str, Any] = {
    "desfecho": "cotacao_manual",
    "mensagem": "Pronto.",
    "proximo_passo": "Nada.",
}


class Anything(Answers):
    """The answers of a made-up person."""

    nome: str = ""
    cpf: str = ""
    email: str = ""
    file: str = ""


async def leaves(context: Context) -> None:
    """Exit 0 in the middle, as a library that calls `exit` does."""
    await context.report.entered("2", "Placa", "Informando a placa")
    os._exit(0)


async def returns(context: Context) -> None:
    """Come to an end without a result."""
    await context.report.entered("3", "Veículo", "Conferindo")


async def talks(context: Context) -> None:
    """Write everything it knows to standard error, then die."""
    await context.report.entered("2", "Placa", "Informando a placa")
    for name, value in context.answers.items():
        print(f"step: {name} is {value}", file=sys.stderr)
    print("call +55 (11) 98765-4321 or x.y@example.org", file=sys.stderr)
    print(f"password {context.site.password}", file=sys.stderr, flush=True)
    os._exit(7)


async def raises(context: Context) -> None:
    """Fail as code fails: with the answer in its message."""
    await context.report.submitting("Enviando")
    try:
        int(context.answers["nome"])
    except ValueError as error:
        raise RuntimeError(f"cannot work with {context.answers['nome']}") from error


async def fails(context: Context) -> None:
    """Fail as a flow fails, from within a task group."""
    await context.report.entered("9", "Dados do segurado", "Informando")
    async with anyio.create_task_group() as group:
        group.start_soon(_refuse)


async def _refuse() -> None:
    raise Failure("cpf_recusado", "9", {"tela": "9"})


async def shares(context: Context) -> None:
    """Do a part of the work in turn, for as long as the file `file` is not there."""
    await context.report.entered("14", "Vez", "Esperando")
    async with context.turn("conta"):
        await context.report.entered("15", "Cálculo", "Na vez")
        while not await anyio.Path(context.answers["file"]).exists():
            await anyio.sleep(0.01)
    await context.report.result(DONE)


_falls: dict[int, int] = {}


async def stumbles(context: Context) -> None:
    """Fail `nome` times, with the failure `cpf`; a result after that."""
    answers = context.answers
    await context.report.entered("2", "Placa", "Informando a placa")
    if answers.get("email"):
        await context.report.submitting("Enviando")
    times = _falls[id(context)] = _falls.get(id(context), 0) + 1
    if times <= int(answers["nome"]):
        raise Failure(answers.get("cpf") or "erro_do_site", "2")
    await context.report.result(DONE)


class _Walks:
    """A flow that declares weights, as `runner.flow.Flow` does."""

    weights: Mapping[str, float] = {"1": 1, "2": 1}

    async def __call__(self, context: Context) -> None:
        for etapa in self.weights:
            await context.report.entered(etapa, "Tela", "Entrou")
            await context.report.done(etapa, "Tela", "Saiu")
        await context.report.result(DONE)


walks = _Walks()


async def waits(context: Context) -> None:
    """Stay on one screen for ever."""
    await context.report.entered("4", "Seguro atual", "Esperando")
    await context.report.submitting("Enviando")
    await anyio.sleep_forever()


async def lingers(context: Context) -> None:
    """Leave one screen and stay on the next one until the file `file` is there.

    With `email` it submits before, with `nome` it says that it is about to end.
    """
    report, answers = context.report, context.answers
    await report.entered("1", "Seguro", "Escolhendo")
    await report.done("1", "Seguro", "Escolhido")
    await report.entered("4", "Seguro atual", "Esperando")
    if answers.get("email"):
        await report.submitting("Enviando")
    if answers.get("nome"):
        await report.notice("Quase lá", restante_s=(1, 5))
    await report.done("4", "Seguro atual", "Pronto para esperar")
    while not answers.get("file") or not await anyio.Path(answers["file"]).exists():
        await anyio.sleep(0.01)
    await report.result(DONE)


async def sleeps(context: Context) -> None:
    """Do nothing, and say nothing."""
    await anyio.sleep_forever()


async def clings(context: Context) -> None:
    """Finish, but never leave."""
    await context.report.result(DONE)
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()


async def has_child(context: Context) -> None:
    """Start a process that leads a session of its own, as Playwright's Chromium does."""
    child = await anyio.to_thread.run_sync(_stray)
    Path(context.answers["file"]).write_text(str(child.pid), encoding="ascii")
    await context.report.entered("5", "Estimativa", "Esperando")
    await anyio.sleep_forever()


async def grows(context: Context) -> None:
    """Take some hundred MB, and have a child process, too."""
    child = await anyio.to_thread.run_sync(_stray)
    Path(context.answers["file"]).write_text(str(child.pid), encoding="ascii")
    await context.report.entered("6", "Itens", "Crescendo")
    # Not zeros: pages that nobody wrote to are not resident.
    kept = bytearray(os.urandom(1 << 20)) * 300
    await anyio.sleep_forever()
    assert kept


async def speaks(context: Context) -> None:
    """Say this and that on standard output, as flows and their libraries do."""
    await context.report.entered("2", "Placa", "Informando a placa")
    spoken = {"level": "warning", "event": "plate was refused", "screen": "2", "tries": 2}
    # A key that no call could be given.
    odd = {"level": "info", "event": "odd", "self": 1, "tries": 3}
    for line in (json.dumps(spoken), json.dumps(odd), '["no", "line"]', '{"half', "plain words"):
        print(line, flush=True)
    os._exit(3)


async def holds_lock(context: Context) -> None:
    """Hold the database's write lock and hang, stopped or (`nome`) awake."""
    await context.report.entered("2", "Placa", "Informando a placa")
    other = sqlite3.connect(context.answers["file"], isolation_level=None, timeout=60)
    other.execute("BEGIN IMMEDIATE")
    if context.answers.get("nome"):
        time.sleep(600)
    os.kill(os.getpid(), signal.SIGSTOP)


def _stray() -> subprocess.Popen[bytes]:
    code = "import time; time.sleep(600)"
    return subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True)


def _automation(flow: str, **limits: Any) -> Automation:
    return Automation(
        name=flow,
        title=flow,
        queue="q",
        model=Anything,
        flow=f"tests.runner.flows:{flow}",
        total=15,
        **limits,
    )


AUTOMATIONS: Mapping[str, Automation] = {
    automation.name: automation
    for automation in (
        *(
            _automation(name)
            for name in (
                "leaves",
                "returns",
                "talks",
                "raises",
                "fails",
                "shares",
                "stumbles",
                "walks",
                "waits",
                "clings",
                "lingers",
                "grows",
                "speaks",
                "sleeps",
                "has_child",
                "holds_lock",
                "missing",
            )
        ),
        SIMULACAO,
    )
}
