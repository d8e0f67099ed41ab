"""The journey: from the landing page through the screens to the result, reporting as it goes.

1. The table of screens says what may come next; the journey waits for all of it at once, together
   with a refused field, an error dialog and the survey.
2. Continuar is clicked once a screen, never twice: a second click would answer the next screen. An
   error dialog's own button is used once; a second dialog is the end.
3. What is irreversible begins with screen 9's Continuar (the site then has the visitor's data), and
   is announced before.
4. Every failure leaves here with the screen it happened on.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from pydantic import ValidationError

from runner.failure import Failure
from runner.flow import Context
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.act import ACTS, Desk
from runner.flows.cotacao_auto.answers import QuoteAnswers
from runner.flows.cotacao_auto.calculation import calculate
from runner.flows.cotacao_auto.form import Form, Settled, exactly
from runner.flows.cotacao_auto.screen import FIRST, LAST, SCREENS, SURVEY_CLOSE, Screen
from runner.flows.cotacao_auto.wait import ALERT, Arrival, Candidate, Patience, race

# The screen whose Continuar hands the visitor's data to the site.
SUBMITS = "9"
# The screen over which the survey may come up.
SURVEYED = "5"
# How often the race of one screen may be interrupted (survey, one error dialog) before it is odd.
MAX_INTERRUPTIONS = 4

_RETRY = re.compile(r"tentar|novamente", re.IGNORECASE)


async def run(context: Context, *, patience: Patience | None = None) -> None:
    """Drive one quote to its result, or raise Failure; `patience` is for tests."""
    journey = Journey(context, patience or Patience())
    try:
        await journey.run()
    except Failure as failure:
        raise failure.at(journey.etapa) from None


class Journey:
    """One run; `etapa` is always the screen on view, or the one being waited for at the start."""

    def __init__(self, context: Context, patience: Patience) -> None:
        self.etapa = FIRST.id
        self._context = context
        self._patience = patience

    async def run(self) -> None:
        """Open the site, answer its screens, report the result."""
        site = self._context.site
        if not (site.email and site.password):
            # The result could never be opened: better known before the visitor's data leave.
            raise Failure("sem_conta")
        answers = _answers(self._context)
        async with self._context.page() as page:
            desk = Desk(
                page=page,
                answers=answers,
                report=self._context.report,
                patience=self._patience,
                form=Form(page, self._patience),
            )
            await _open(page, site.url, self._patience)
            await self._walk(desk)
            result = await calculate(desk, site)
            await desk.report.done(LAST.id, LAST.titulo, LAST.concluiu)
            await desk.report.result(result)

    async def _walk(self, desk: Desk) -> None:
        screen = FIRST
        while screen is not LAST:
            following = await self._answer(desk, screen)
            done = screen.concluiu.format(veiculo=desk.vehicle)
            await desk.report.done(screen.id, screen.titulo, done)
            await _report_skipped(desk, screen, following)
            screen = following
        await self._enter(desk, LAST)

    async def _answer(self, desk: Desk, screen: Screen) -> Screen:
        await self._enter(desk, screen)
        await ACTS[screen.id](desk)
        known: tuple[str, ...] = ()
        if screen.leave:
            known = await _leave(desk, screen, screen.leave)
        return await _next(desk, screen, known)

    async def _enter(self, desk: Desk, screen: Screen) -> None:
        self.etapa = screen.id
        desk.form = Form(desk.page, self._patience)
        await desk.report.entered(screen.id, screen.titulo, screen.entrou)


def _answers(context: Context) -> QuoteAnswers:
    try:
        return QuoteAnswers.model_validate(dict(context.answers))
    except ValidationError as error:
        fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
        raise Failure("respostas_invalidas", detail={"campos": ", ".join(fields)}) from None


async def _open(page: Page, url: str, patience: Patience) -> None:
    """Go to the landing page and wait for its buttons; nothing else of it matters."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        answer = await page.goto(url, wait_until="commit", timeout=patience.opening * 1000)
    except PlaywrightError as error:
        if page.is_closed():
            raise
        found = re.search(r"net::\w+", error.message)
        cause = found[0] if found else type(error).__name__
        raise Failure("site_fora_do_ar", detail={"site": host, "erro": cause}) from None
    if answer is not None and answer.status >= 400:
        raise Failure("site_fora_do_ar", detail={"site": host, "http": answer.status})
    if await race(page, *FIRST.candidates(), within=patience.opening) is None:
        raise Failure("tela_ausente", detail={"esperadas": FIRST.id})


async def _leave(desk: Desk, screen: Screen, leave: str) -> tuple[str, ...]:
    """Verify the screen's answers and click its Continuar; the paragraphs that were on view."""
    button = f'[id="{leave}"]'
    settled = await desk.form.settle(button)
    if screen.id == SUBMITS:
        await desk.report.submitting("Estamos enviando os seus dados para o cálculo.")
    if screen.id == SURVEYED:
        await _click_below_survey(desk, button, settled)
    else:
        await _continue(desk, button, settled)
    return settled.known


async def _continue(desk: Desk, button: str, settled: Settled) -> None:
    if settled.ready:
        await desk.form.click(button, button)
        return
    # The id has changed: the innermost visible element that reads exactly "Continuar" is the one.
    by_text = desk.page.locator("button, p").filter(has_text=exactly("Continuar"))
    await desk.form.click(by_text.locator("visible=true").last, f"{button} ou Continuar")


async def _click_below_survey(desk: Desk, button: str, settled: Settled) -> None:
    """The survey may open under the mouse: Playwright then closes it and clicks again by itself."""
    close = desk.page.locator(SURVEY_CLOSE)
    await desk.page.add_locator_handler(close, lambda: close.click())
    try:
        await _continue(desk, button, settled)
    finally:
        await desk.page.remove_locator_handler(close)


async def _next(desk: Desk, screen: Screen, known: tuple[str, ...]) -> Screen:
    """The screen that comes after this one.

    Raises Failure for a refused answer, an error dialog, a strange screen, or none in time.
    """
    following = [SCREENS[name] for name in screen.next]
    candidates = _candidates(screen, following)
    slow = any(one.slow for one in following)
    within = desk.patience.estimate if slow else desk.patience.screen
    retried = False
    for _ in range(MAX_INTERRUPTIONS):
        arrival = await race(desk.page, *candidates, within=within, known=known)
        match arrival:
            case None:
                raise await _absent(desk, screen)
            case Arrival(name="alerta"):
                if retried:
                    raise Failure("erro_do_site", detail={"tentativas": 2})
                retried = True
                await _retry(desk)
            case Arrival(name="pesquisa"):
                await desk.form.click(SURVEY_CLOSE, "fechar pesquisa")
            case Arrival(name="recusado", note=note):
                raise _refused(screen, note)
            case Arrival(name="estranha"):
                raise await _absent(desk, screen)
            case _:
                return next(one for one in following if _is(one, arrival))
    raise Failure("erro_do_site", detail={"motivo": "interrupções demais"})


def _candidates(screen: Screen, following: list[Screen]) -> list[Candidate]:
    found = [ALERT]
    if screen.id == SURVEYED:
        found.append(Candidate(name="pesquisa", how="shown", what=(SURVEY_CLOSE,)))
    found += [candidate for one in following for candidate in one.candidates()]
    marks = (*screen.marks, *screen.second)
    if screen.leave:
        found += [
            Candidate(name="recusado", how="invalid", what=(), hold=0.1, clear=True),
            # Groups and lists get only a paragraph; a second tells it from what merely passes.
            Candidate(name="recusado", how="fresh", what=screen.marks, hold=1, clear=True),
        ]
    found.append(Candidate(name="estranha", how="strange", what=marks, hold=5, clear=True))
    return found


def _is(screen: Screen, arrival: Arrival) -> bool:
    return arrival.name in {candidate.name for candidate in screen.candidates()}


def _refused(screen: Screen, field: str) -> Failure:
    if screen.id == "2":
        tipo = "placa_desconhecida"
    elif field.startswith("cpf"):
        tipo = "cpf_recusado"
    else:
        tipo = "campo_recusado"
    return Failure(tipo, screen.id, {"campo": field})


async def _retry(desk: Desk) -> None:
    """Use the error dialog's own button, once; Raises Failure when the dialog stays."""
    dialog = desk.page.locator(ALERT.what[0]).locator("visible=true").first
    buttons = dialog.locator("button")
    retry = buttons.filter(has_text=_RETRY)
    await desk.form.click(retry if await retry.count() else buttons, "tentar de novo")
    gone = Candidate(name="sumiu", how="gone", what=ALERT.what)
    if await race(desk.page, gone, within=desk.patience.control) is None:
        raise Failure("erro_do_site", detail={"motivo": "o aviso de erro não fecha"})


async def _absent(desk: Desk, screen: Screen) -> Failure:
    """Why nothing came: the same screen still there, or another that nobody knows."""
    marks = [*screen.marks, *screen.second]
    seen = await desk.page.evaluate(script.SITUATION, marks)
    detail = {"esperadas": ", ".join(screen.next), "na_tela": ", ".join(seen["controls"])}
    strange = seen["controls"] and not seen["old"]
    return Failure("site_mudou" if strange else "tela_ausente", screen.id, detail)


async def _report_skipped(desk: Desk, screen: Screen, following: Screen) -> None:
    for name in screen.next:
        if name == following.id:
            return
        skipped = SCREENS[name]
        await desk.report.skipped(skipped.id, skipped.titulo, skipped.pulou)
