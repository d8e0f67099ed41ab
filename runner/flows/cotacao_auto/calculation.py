"""Screen 15: the site calculates, asks for the broker's login, and shows the result.

1. The end of the waiting is whichever text comes first: the success or the manual quote. The
   countdown only tells how long it may take; it may also stay at 00:00, so the flow has a deadline
   of its own.
2. One login, never a second: a refused account must not be locked by trying again. Runs that share
   the account take turns from the login to the result: a second login may end the first one's.
3. The grid stands behind the login with placeholder prices. It is read only when no modal covers
   it, and counts only when it is complete; what is incomplete may still change until the deadline.
4. The password goes into the page and nowhere else.
"""

from __future__ import annotations

import hashlib
from typing import Any

import anyio

from runner.failure import Failure
from runner.flow import Site
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.arrival import ESTIMATED, MANUAL, SUCCESS
from runner.flows.cotacao_auto.desk import Desk
from runner.flows.cotacao_auto.form import Form
from runner.flows.cotacao_auto.result import LABELS, manual_quote, quote
from runner.flows.cotacao_auto.wait import ALERT, Arrival, Candidate, ask, race

EMAIL, PASSWORD = "emailTelaLogin", "senhaTelaLogin"
LOGIN = "gtm-telaLoginBotaoAcessar"
KEEP_ACCOUNT = "manterLoginAtualModalAssociarUsuario"

# The fastest calculation of the predecessor's successful runs, seconds of screen 15 in all.
FASTEST_S = 45

_MODAL = f'[id="{PASSWORD}"]'
_ACCOUNT = f'[id="{KEEP_ACCOUNT}"]'
_ENDINGS = (
    ALERT,
    Candidate(name="sucesso", how="text", what=(SUCCESS,)),
    Candidate(name="manual", how="text", what=(MANUAL,)),
)


async def calculate(desk: Desk) -> dict[str, Any]:
    """Wait for the calculation and return the result event's data.

    Raises Failure `calculo_sem_fim`, `login_recusado`, `resultado_incompleto`, `erro_do_site`.
    """
    ending = await _wait(desk)
    if ending.name == "manual":
        return manual_quote()
    if ending.name == ALERT.name:
        raise Failure("erro_do_site")
    await desk.report.notice("O cálculo terminou. Estamos abrindo o resultado.")
    async with desk.turn(_account(desk.site)):
        await _enter(desk)
        return await _read(desk)


def _account(site: Site) -> str:
    """The broker's account as a key: all quotes share it, so logins take turns."""
    return "conta-" + hashlib.sha256(site.email.encode()).hexdigest()[:16]


async def _wait(desk: Desk) -> Arrival:
    start = anyio.current_time()
    limit = desk.patience.calculation
    while (passed := anyio.current_time() - start) < limit:
        left = await desk.page.evaluate(script.COUNTDOWN, ESTIMATED)
        if left is not None:
            limit = min(limit, passed + left + desk.patience.after_countdown)
            await _say(desk, passed, int(left))
        within = min(desk.patience.between_notices, limit - passed)
        if ending := await race(desk.page, *_ENDINGS, within=within):
            return ending
    raise Failure("calculo_sem_fim", detail={"esperou_s": round(limit)})


async def _say(desk: Desk, passed: float, left: int) -> None:
    least = max(0, min(left, round(FASTEST_S - passed)))
    message = "Estamos calculando o seu seguro. Costuma terminar antes do tempo previsto."
    await desk.report.notice(message, restante_s=(least, max(left, least)))


async def _enter(desk: Desk) -> None:
    """Log in when the modal comes; a site that still knows the account shows none."""
    modal = Candidate(name="login", how="shown", what=(_MODAL,))
    if await race(desk.page, modal, within=desk.patience.login) is None:
        return
    form = Form(desk.page, desk.patience)
    await form.fill(EMAIL, desk.site.email)
    await form.fill(PASSWORD, desk.site.password)
    known = await desk.page.evaluate(script.PARAGRAPHS, _MODAL)
    await form.click(f'[id="{LOGIN}"]', LOGIN)
    answers = (
        ALERT,
        Candidate(name="conta", how="shown", what=(_ACCOUNT,)),
        Candidate(name="recusado", how="fresh", what=(_MODAL,), hold=0.3),
        Candidate(name="entrou", how="gone", what=(_MODAL,)),
    )
    within = desk.patience.access
    answer = await race(desk.page, *answers, within=within, known=tuple(known))
    match answer:
        case None:
            raise Failure("tempo_esgotado", detail={"motivo": "o login não respondeu"})
        case Arrival(name="recusado"):
            raise Failure("login_recusado")
        case Arrival(name="alerta"):
            raise Failure("erro_do_site", detail={"motivo": "erro no login"})


async def _read(desk: Desk) -> dict[str, Any]:
    deadline = anyio.current_time() + desk.patience.grid
    seen: Any = None
    missing = ["tabela"]
    while (left := deadline - anyio.current_time()) > 0:
        grid = await _grid(desk, seen, left)
        if grid is None:
            break
        if grid["state"] == "covered":
            await _keep_account(desk)
            continue
        data, missing = quote(grid)
        seen = grid
        if data and not (await _still_growing(desk, data, seen)):
            return data
    raise Failure("resultado_incompleto", detail={"faltam": ", ".join(missing)})


async def _grid(desk: Desk, seen: Any, within: float) -> Any:
    spec = {"labels": list(LABELS), "covers": [_MODAL, _ACCOUNT], "seen": seen}
    return await ask(desk.page, script.GRID, within, spec)


async def _still_growing(desk: Desk, data: dict[str, Any], seen: Any) -> bool:
    """Whether a second column still arrives: its absence is only believed after a moment."""
    if data["plano_alternativo"] is not None:
        return False
    return await _grid(desk, seen, desk.patience.alone) is not None


async def _keep_account(desk: Desk) -> None:
    """Stay with the account in use when the site finds that the CPF is another one's.

    Raises Failure `login_recusado` when the login itself is asked for again.
    """
    asked = Candidate(name="conta", how="shown", what=(_ACCOUNT,))
    gone = Candidate(name="livre", how="gone", what=(_MODAL, _ACCOUNT))
    arrival = await race(desk.page, asked, gone, within=desk.patience.control)
    if arrival is None:
        raise Failure("login_recusado", detail={"motivo": "o site pediu o login de novo"})
    if arrival.name == "conta":
        form = Form(desk.page, desk.patience)
        await form.click(_ACCOUNT, KEEP_ACCOUNT)
        await race(desk.page, gone, within=desk.patience.access)
