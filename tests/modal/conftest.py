"""One site, one service and one browser of each kind for the journeys of this folder.

1. Module scope, not session: while Playwright's driver runs, the main thread counts as inside an
   event loop. What of ours needs a loop has one in a thread of its own, the portal.
2. The service is met over a road of its own in each test, but for those that are about the service.
3. An error of the page's own script fails the test that met it.
4. A small window and visitors who want no motion: machines without a graphics card paint slowly.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Playwright, WebError, sync_playwright

from db.sqlite import SqliteStore
from demo.landing import Landing
from demo.visitor import PHONE
from runner.browser import FLAGS, find_chromium
from tests.modal.firefox import executable, find_firefox, is_remark
from tests.modal.road import Road, road
from tests.modal.service import Robot, Service
from tests.modal.visitor import PATIENCE_MS, Visitor


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of both browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(
    request: pytest.FixtureRequest,
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    """The machine's Chromium, and its Firefox."""
    if request.param == "chromium":
        started = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *FLAGS]
        )
    elif firefox := find_firefox():
        relay = executable(firefox, tmp_path_factory.mktemp("firefox"))
        started = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=relay,
            firefox_user_prefs={"ui.prefersReducedMotion": 1},
        )
    else:
        pytest.skip("there is no Firefox here (sh deploy/firefox.sh installs one)")
    yield started
    started.close()


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in another thread."""
    with start_blocking_portal("asyncio") as started:
        yield started


@pytest.fixture(scope="module")
def site() -> Iterator[Landing]:
    """The broker's site, on another origin than the service."""
    with Landing(api="http://127.0.0.1") as landing:
        yield landing


@pytest.fixture(scope="module")
def service(site: Landing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service that lets the site in."""
    with Service(tmp_path_factory.mktemp("service"), site=site.url) as started:
        yield started


@pytest.fixture(scope="module")
def store(service: Service, portal: BlockingPortal) -> Iterator[SqliteStore]:
    """The service's database, as a runner has it open."""
    with portal.wrap_async_context_manager(SqliteStore(service.database)) as opened:
        yield opened


@pytest.fixture
def path(service: Service, portal: BlockingPortal) -> Iterator[Road]:
    """This visitor's road to the service."""
    with portal.wrap_async_context_manager(road(service.port)) as built:
        yield built


@pytest.fixture
def landing(site: Landing, path: Road) -> Landing:
    """The site, whose snippet knows the service by the road to it."""
    site.api = path.url
    return site


@pytest.fixture
def visitor(
    browser: Browser, landing: Landing, store: SqliteStore, portal: BlockingPortal
) -> Iterator[Visitor]:
    """A person on the site, who has not opened it yet."""
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    foxy = browser.browser_type.name == "firefox"

    def note(web: WebError) -> None:
        if not (foxy and is_remark(web.error)):
            errors.append(str(web.error))

    context.on("weberror", note)
    yield Visitor(
        context=context,
        page=context.new_page(),
        landing=landing,
        hire=lambda session_id: Robot.take(portal, store, session_id),
    )
    context.close()
    assert errors == []
