"""The wiring of the service: settings become a store, a vault, an application on a socket.

Shutdown order is the reverse of the wiring: requests, streams, tail, store.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import anyio

from andamento.automations import AUTOMATIONS
from andamento.place import housekeep, open_store, open_vault
from andamento.settings import PREFIX, Keys, Settings, WrongSetting
from andamento.terminal import Failed
from db.sqlite import file_of
from service.address import networks
from service.app import ServiceSettings, create_app
from service.cors import Origins
from service.server import CannotListen
from service.server import serve as serve_app

SNIPPET = Path(__file__).parent.parent / "frontend_snippet" / "andamento.js"


async def serve(settings: Settings, stop: anyio.Event, ready: Callable[[str], None]) -> None:
    """Run the service until `stop` is set; `ready` is told its address. Raises Failed."""
    _check(settings)
    vault = open_vault(settings)
    async with open_store(settings, create=True) as store, anyio.create_task_group() as group:
        group.start_soon(housekeep, store)
        app = create_app(
            store=store,
            # All of them now: a broken declaration is logged at the start, and no request imports.
            automations=dict(AUTOMATIONS),
            seal=vault.seal,
            secret=Keys(settings.data_dir).token,
            settings=_service_settings(settings),
        )
        try:
            await serve_app(app, host=settings.host, port=settings.port, stop=stop, ready=ready)
        except CannotListen as error:
            raise Failed(str(error)) from error
        group.cancel_scope.cancel()


def _check(settings: Settings) -> None:
    """Raises WrongSetting for what only the service can judge."""
    for name, check in (("cors_origins", Origins), ("trusted_proxies", networks)):
        values = getattr(settings, name)
        try:
            check(values)
        except ValueError as error:
            raise WrongSetting(
                f"{PREFIX}{name.upper()}={','.join(values)}: {error}. "
                f"Allowed: {Settings.model_fields[name].description}"
            ) from None


def _service_settings(settings: Settings) -> ServiceSettings:
    return ServiceSettings(
        version=version("andamento"),
        cors_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
        public_url=settings.public_url,
        token_ttl_s=settings.token_ttl_s,
        starts_per_minute=settings.starts_per_minute,
        requests_per_minute=settings.requests_per_minute,
        queue_limit=settings.queue_limit,
        snippet_path=SNIPPET,
        disk_path=file_of(settings.db).absolute().parent,
    )
