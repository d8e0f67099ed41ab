"""Which screen has come: a race between all that may, and the obstacles that may come instead.

1. A screen is known by the selector it `sees`; a second mark stands in for one whose id has
   changed, and counts only after it has held for a while.
2. In the same race: a refused field, an error dialog, the survey, a screen that nobody knows.
3. An error dialog's own button is used once; a second dialog is the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runner.failure import Failure
from runner.flow import Screen
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.desk import SURVEY_CLOSE, Desk
from runner.flows.cotacao_auto.wait import ALERT, Arrival, Candidate, race

# How long a second mark must hold: the first one comes in the same rendering, if it comes.
SECOND_MARK_S = 1.5
# How long a screen must be strange to be so: the next one's parts may come one after another.
STRANGE_S = 5
# How often the race of one screen may be interrupted (survey, one error dialog) before it is odd.
MAX_INTERRUPTIONS = 4

ESTIMATED = "Tempo estimado em"
SUCCESS = "Parabéns, chegamos ao resultado final da cotação"
MANUAL = "Ops, ainda não encontramos resultados para você"

SECOND: Mapping[str, str] = {
    "3": 'div[id="confirmarVeiculoTelaInformacoesVeiculo"]',
    "4": 'div[id="jaSeguradoTelaRenovacao"]',
    "5": "[role=group][aria-roledescription=slide] b",
    "5.5": 'div[id="zerokmTelaZeroKm"]',
    "6": 'div[id="tipoCombustivelTelaItens"]',
    "8": '[id="gtm-telaUsoVeiculoContinuar"]',
    "11": "form input[value=trabalho]",
    "12": '[id="gtm-telaGaragemResidenciaContinuar"]',
    "13": '[id="gtm-telaUsoResidentesContinuar"]',
    "14": 'div[id="corretorAnteriorTelaCorretorAnterior"]',
}
# The calculation is told by its texts, whichever of them is first.
TEXTS: Mapping[str, tuple[str, ...]] = {"15": (ESTIMATED, SUCCESS, MANUAL)}
# The site looks for prices before it shows this one.
ESTIMATE = "5"
PLATE = "2"

_RETRY = re.compile(r"tentar|novamente", re.IGNORECASE)

Options = Sequence[Screen[Desk]]


async def arrive(desk: Desk, current: Screen[Desk] | None, options: Options) -> Screen[Desk]:
    """The one of `options` that is on view.

    Raises Failure for a refused answer, an error dialog, a strange screen, or none in time.
    """
    candidates, within = _candidates(desk, current, options), _within(desk, current, options)
    retried = False
    for _ in range(MAX_INTERRUPTIONS):
        arrival = await race(desk.page, *candidates, within=within, known=desk.known or ())
        match arrival:
            case None | Arrival(name="estranha"):
                raise await _absent(desk, current, options)
            case Arrival(name="alerta"):
                if retried:
                    raise Failure("erro_do_site", detail={"tentativas": 2})
                retried = True
                await _retry(desk)
            case Arrival(name="pesquisa"):
                await desk.form.click(SURVEY_CLOSE, "fechar pesquisa")
            case Arrival(name="recusado", note=note):
                raise _refused(current, note)
            case Arrival(name=name):
                desk.fresh()
                return next(one for one in options if one.id == name)
    raise Failure("erro_do_site", detail={"motivo": "interrupções demais"})


def shown(screen: Screen[Desk]) -> list[Candidate]:
    """What to look for to see this screen come."""
    if texts := TEXTS.get(screen.id):
        # The waiting screen has a progress bar of its own, so a spinner tells nothing here.
        return [Candidate(name=screen.id, how="text", what=texts)]
    found = [Candidate(name=screen.id, how="shown", what=(screen.sees,), clear=True)]
    if second := SECOND.get(screen.id):
        found.append(
            Candidate(name=screen.id, how="shown", what=(second,), hold=SECOND_MARK_S, clear=True)
        )
    return found


def _candidates(desk: Desk, current: Screen[Desk] | None, options: Options) -> list[Candidate]:
    found = [ALERT]
    if current and current.id == ESTIMATE:
        found.append(Candidate(name="pesquisa", how="shown", what=(SURVEY_CLOSE,)))
    found += [candidate for one in options for candidate in shown(one)]
    if current and desk.known is not None:
        found += [
            Candidate(name="recusado", how="invalid", what=(), hold=0.1, clear=True),
            # Groups and lists get only a paragraph; a second tells it from what merely passes.
            Candidate(name="recusado", how="fresh", what=(current.sees,), hold=1, clear=True),
        ]
    if current:
        marks = _marks(current)
        found.append(
            Candidate(name="estranha", how="strange", what=marks, hold=STRANGE_S, clear=True)
        )
    return found


def _within(desk: Desk, current: Screen[Desk] | None, options: Options) -> float:
    if current is None:
        return desk.patience.opening
    slow = any(one.id == ESTIMATE for one in options)
    return desk.patience.estimate if slow else desk.patience.screen


def _marks(screen: Screen[Desk]) -> tuple[str, ...]:
    second = SECOND.get(screen.id)
    return (screen.sees, second) if second else (screen.sees,)


def _refused(screen: Screen[Desk] | None, field: str) -> Failure:
    if screen and screen.id == PLATE:
        tipo = "placa_desconhecida"
    elif field.startswith("cpf"):
        tipo = "cpf_recusado"
    else:
        tipo = "campo_recusado"
    return Failure(tipo, detail={"campo": field})


async def _retry(desk: Desk) -> None:
    """Use the error dialog's own button, once; Raises Failure when the dialog stays."""
    dialog = desk.page.locator(ALERT.what[0]).locator("visible=true").first
    buttons = dialog.locator("button")
    retry = buttons.filter(has_text=_RETRY)
    await desk.form.click(retry if await retry.count() else buttons, "tentar de novo")
    gone = Candidate(name="sumiu", how="gone", what=ALERT.what)
    if await race(desk.page, gone, within=desk.patience.control) is None:
        raise Failure("erro_do_site", detail={"motivo": "o aviso de erro não fecha"})


async def _absent(desk: Desk, current: Screen[Desk] | None, options: Options) -> Failure:
    """Why nothing came: the same screen still there, or another that nobody knows."""
    detail = {"esperadas": ", ".join(one.id for one in options)}
    if current is None:
        return Failure("tela_ausente", detail=detail)
    seen = await desk.page.evaluate(script.SITUATION, list(_marks(current)))
    strange = seen["controls"] and not seen["old"]
    detail["na_tela"] = ", ".join(seen["controls"])
    return Failure("site_mudou" if strange else "tela_ausente", detail=detail)
