"""Finds and drives one Chromium: from nothing to a fresh page, and back to nothing.

1. Only this file and `runner/flows/` load Playwright: the supervisor must outlive any browser.
2. Whatever Playwright raises leaves here as a `Failure`, without its text: its call log quotes what
   was typed into the page.
3. A dead browser explains every other error of the same moment: whatever the flow was complaining
   about, the ending is `navegador_caiu`.
4. Closing is shielded and has a deadline: a cancelled run must not leave a Chromium behind, nor
   wait for one that no longer answers (the supervisor ends the process group after us).
5. Playwright keeps the profile in a temporary folder of its own and removes it at close.
6. A browser may be opened before it is known for whom, with its first page: nothing of a visitor is
   in it by then. Whoever is given it closes it.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import structlog
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from runner.failure import Failure
from runner.reporter import blame

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# What Debian's Chromium would otherwise do in the background of every run.
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    # One site, one visitor: a process for each of its frames would be memory for nothing.
    "--renderer-process-limit=1",
)
# Wide enough for the site's desktop layout, as most visitors of it have.
VIEWPORT = (1366, 900)
LAUNCH_S = 30.0
# For what a flow waits for without saying how long: well below a screen's own limit.
CONTROL_S = 15.0
CLOSE_S = 5.0

log = structlog.get_logger()


class Witness(Protocol):
    """The seam for evidence (trace, screenshots): told when a page opens and before it closes."""

    async def opened(self, page: Page) -> None:
        """The page is fresh; nothing was loaded yet."""
        ...

    async def closing(self, page: Page, error: BaseException | None) -> None:
        """The flow left the page, with `error` or without; Playwright's are a Failure by then."""
        ...


def find_chromium(given: str | None = None) -> str | None:
    """The executable of a Chromium: the one `given`, else of the PATH, else a macOS application.

    None when there is none of these; Playwright's own may still exist. Raises Failure
    `sem_navegador` when `given` does not exist.
    """
    if given:
        found = shutil.which(given)
        if found is None:
            raise Failure("sem_navegador", detail={"executavel": given})
        return found
    named = (shutil.which(name) for name in NAMES)
    installed = (path for path in MAC_APPLICATIONS if os.access(path, os.X_OK))
    return next((path for path in (*named, *installed) if path), None)


class Browser:
    """One running Chromium; `page()` opens a fresh page in it.

    It lasts for the `async with`, or from an earlier `open` to the end of that. `executable` is a
    path or a name, `sandbox` None means: unless root, for which Chromium has none. `witness` is
    told of every page. Opening raises Failure `sem_navegador` and `navegador_nao_abriu`.
    """

    def __init__(
        self,
        *,
        executable: str | None = None,
        headless: bool = True,
        sandbox: bool | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._executable = executable
        self._headless = headless
        self._sandbox = os.geteuid() != 0 if sandbox is None else sandbox
        self._witness = witness
        self._stack: AsyncExitStack | None = None
        self._browser: PlaywrightBrowser | None = None
        self._ready: list[Page] = []

    async def __aenter__(self) -> Self:
        if self._stack is None:
            await self.open()
        return self

    async def open(self) -> None:
        """Start it; from here on it has to be closed."""
        began = anyio.current_time()
        self._stack = AsyncExitStack()
        try:
            playwright = await self._stack.enter_async_context(async_playwright())
            self._browser = await self._launch(playwright)
            self._stack.push_async_callback(_quietly_close, self._browser)
        except BaseException as error:
            await self.close()
            # By its very class: Playwright has no other for a driver that dies while it starts.
            if type(error) is Exception:
                raise Failure("navegador_nao_abriu", detail={"causa": "the driver died"}) from None
            raise
        log.info("browser opened", seconds=round(anyio.current_time() - began, 2))

    async def prepare(self) -> None:
        """Open the first page now; what fails is left to `page`."""
        # By its very class: Playwright has no other for a driver that dies.
        with suppress(Exception):
            page = await (await self._open_context()).new_page()
            # What dies while it waits is not given to anybody.
            page.on("crash", self._forget)
            page.on("close", self._forget)
            self._ready.append(page)

    def _forget(self, page: Page) -> None:
        if page in self._ready:
            self._ready.remove(page)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if getattr(self, "_stack", None) is not None:
            warnings.warn("a Browser was not closed", ResourceWarning, stacklevel=2)

    @property
    def alive(self) -> bool:
        """Whether the process still answers."""
        return self._browser is not None and self._browser.is_connected()

    @asynccontextmanager
    async def page(self, witness: Witness | None = None) -> AsyncIterator[Page]:
        """A fresh page in a context of its own (no shared cookies), closed at the end.

        `witness` is told of it, in the place of the browser's own.
        Raises Failure in the place of whatever Playwright raises inside.
        """
        context: BrowserContext | None = None
        crashes: list[Page] = []
        try:
            if self._ready:
                page = self._ready.pop()
                context = page.context
            else:
                context = await self._open_context()
                page = await context.new_page()
            page.on("crash", lambda crashed: crashes.append(crashed))
            async with self._witnessed(page, crashes, witness or self._witness):
                yield page
        except (PlaywrightError, Failure) as error:
            raise self._explain(error, crashed=bool(crashes)) from None
        finally:
            if context is not None:
                await _quietly_close(context)

    async def _launch(self, playwright: Playwright) -> PlaywrightBrowser:
        executable = find_chromium(self._executable) or playwright.chromium.executable_path
        if not os.access(executable, os.X_OK):
            raise Failure("sem_navegador", detail={"procurados": ", ".join(NAMES)})
        try:
            return await playwright.chromium.launch(
                executable_path=executable,
                headless=self._headless,
                args=list(FLAGS),
                chromium_sandbox=self._sandbox,
                timeout=LAUNCH_S * 1000,
                # Signals belong to the roof: it ends the run in order, we close in order.
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except PlaywrightError as error:
            detail = {"executavel": Path(executable).name, "erro": type(error).__name__}
            raise Failure("navegador_nao_abriu", detail=detail) from None

    async def _open_context(self) -> BrowserContext:
        assert self._browser is not None, "a Browser is used inside its `async with`"
        width, height = VIEWPORT
        context = await self._browser.new_context(
            locale="pt-BR",
            timezone_id="America/Sao_Paulo",
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(CONTROL_S * 1000)
        return context

    @asynccontextmanager
    async def _witnessed(
        self, page: Page, crashes: list[Page], witness: Witness | None
    ) -> AsyncIterator[None]:
        if witness is None:
            yield
            return
        await witness.opened(page)
        try:
            yield
        except BaseException as error:
            told: BaseException = error
            if isinstance(error, PlaywrightError | Failure):
                # The witness hears what the visitor will be told, and may add to its detail.
                told = self._explain(error, crashed=bool(crashes))
            with anyio.move_on_after(CLOSE_S, shield=True):
                await witness.closing(page, told)
            if told is error:
                raise
            raise told from None
        await witness.closing(page, None)

    def _explain(self, error: Exception, *, crashed: bool) -> Failure:
        etapa = error.etapa if isinstance(error, Failure) else None
        # By its name, for Playwright does not export it. No flow closes its page: who did is dead.
        closed = type(error).__name__ == "TargetClosedError"
        # The error may be here before the page's own event.
        crashed = crashed or (isinstance(error, PlaywrightError) and "crashed" in error.message)
        if crashed or closed or not self.alive:
            fate = {"pagina_caiu": crashed, "navegador_caiu": closed or not self.alive}
            return Failure("navegador_caiu", etapa, fate)
        if isinstance(error, Failure):
            return error
        # What a flow waits for in a page is an element; one that does not come is a changed site.
        tipo = "site_mudou" if isinstance(error, PlaywrightTimeout) else "interno"
        return Failure(tipo, etapa, blame(error))

    async def close(self) -> None:
        """End it; nothing happens where it was closed before."""
        stack, self._stack = self._stack, None
        if stack is None:
            return
        with anyio.move_on_after(CLOSE_S, shield=True):
            await stack.aclose()


@asynccontextmanager
async def open_page(
    warm: Browser | None = None, *, witness: Witness | None = None, **options: Any
) -> AsyncIterator[Page]:
    """A browser with one page, both closed at the end; `options` as for Browser.

    `warm` is one that is open already; if it died meanwhile, another one is opened.
    """
    browser = warm
    if browser is None or not browser.alive:
        if browser is not None:
            log.warning("warm browser died")
            await browser.close()
        browser = Browser(**options)
    async with browser, browser.page(witness) as page:
        yield page


async def _quietly_close(thing: PlaywrightBrowser | BrowserContext) -> None:
    with anyio.move_on_after(CLOSE_S, shield=True):
        try:
            await thing.close()
        except PlaywrightError:
            return  # It is already gone, which is what was wanted.


async def _installed() -> str | None:
    """The Chromium that a run would use here, Playwright's own included; None if there is none."""
    found = find_chromium()
    if found is None:
        async with async_playwright() as playwright:
            found = playwright.chromium.executable_path
    return found if os.access(found, os.X_OK) else None


if __name__ == "__main__":
    # `python -m runner.browser`: says which browser would be used; exit code 1 if there is none.
    raise SystemExit(print(browser) if (browser := anyio.run(_installed)) else 1)
