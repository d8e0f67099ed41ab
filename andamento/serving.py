"""The wiring of the service: settings become a store, a vault, an application on a socket.

Shutdown order is the reverse of the wiring: requests, streams, tail, store.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from importlib.metadata import version
from os import getpid
from pathlib import Path

import anyio

from andamento import limit
from andamento.automations import AUTOMATIONS
from andamento.place import SNIPPET, housekeep, open_store, open_vault
from andamento.settings import PREFIX, Keys, Settings, WrongSetting
from andamento.terminal import Failed
from db.sqlite import file_of
from service.address import networks
from service.app import Pace, ServiceSettings, create_app
from service.cors import Origins
from service.server import CannotListen, Tls
from service.server import serve as serve_app


async def serve(
    settings: Settings,
    stop: anyio.Event,
    ready: Callable[[str], None],
    *,
    descriptor: int | None = None,
) -> None:
    """Run the service until `stop` is set; `ready` is told its address.

    `descriptor` is a listening socket that was bound elsewhere. Raises Failed, WrongSetting.
    """
    tls = check(settings)
    limit.allow(settings.streams)
    vault = open_vault(settings)
    async with open_store(settings, create=True) as store, anyio.create_task_group() as group:
        group.start_soon(housekeep, store)
        app = create_app(
            store=store,
            # All of them now: a broken declaration is logged at the start, and no request imports.
            automations=dict(AUTOMATIONS),
            seal=vault.seal,
            secret=Keys(settings.data_dir).token,
            # Who shares a socket says which of them it is.
            settings=_service_settings(
                settings, worker=str(getpid()) if descriptor is not None else ""
            ),
        )
        try:
            await serve_app(
                app,
                host=settings.host,
                port=settings.port,
                stop=stop,
                ready=ready,
                tls=tls,
                descriptor=descriptor,
            )
        except CannotListen as error:
            raise Failed(str(error)) from error
        group.cancel_scope.cancel()


def check(settings: Settings) -> Tls | None:
    """What only the service can judge; the certificate, if there is one. Raises WrongSetting."""
    for name, understand in (("cors_origins", Origins), ("trusted_proxies", networks)):
        values = getattr(settings, name)
        try:
            understand(values)
        except ValueError as error:
            raise _wrong(name, ",".join(values), str(error)) from None
    return _certificate(settings)


def _certificate(settings: Settings) -> Tls | None:
    files = {"tls_cert": settings.tls_cert, "tls_key": settings.tls_key}
    if not any(files.values()):
        return None
    for name, path in files.items():
        if not path:
            raise _wrong(name, "", "a certificate and its key belong together")
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise _wrong(name, path, f"it cannot be read ({error.strerror})") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_verify_locations(settings.tls_cert)
    except ssl.SSLError:
        raise _wrong("tls_cert", settings.tls_cert, "it holds no certificate") from None
    try:
        # An empty password, or OpenSSL would ask the terminal for one.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, "")
    except ssl.SSLError as error:
        unfit = "MISMATCH" in (error.reason or "")
        fault = f"it does not fit {PREFIX}TLS_CERT" if unfit else "it holds no key that can be used"
        raise _wrong("tls_key", settings.tls_key, fault) from None
    return Tls(cert=Path(settings.tls_cert), key=Path(settings.tls_key))


def _wrong(name: str, value: str, fault: str) -> WrongSetting:
    allowed = Settings.model_fields[name].description
    return WrongSetting(f"{PREFIX}{name.upper()}={value}: {fault}. Allowed: {allowed}")


def _service_settings(settings: Settings, *, worker: str = "") -> ServiceSettings:
    return ServiceSettings(
        version=version("andamento"),
        cors_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
        public_url=settings.public_url,
        token_ttl_s=settings.token_ttl_s,
        starts_per_minute=settings.starts_per_minute,
        requests_per_minute=settings.requests_per_minute,
        queue_limit=settings.queue_limit,
        streams=settings.streams,
        streams_per_address=settings.streams_per_address,
        streams_per_session=settings.streams_per_session,
        pace=Pace(
            ping_s=settings.stream_ping_s,
            patience_s=settings.stream_patience_s,
            lifetime_s=settings.stream_life_s,
        ),
        metrics_token=settings.metrics_token.get_secret_value(),
        worker=worker,
        snippet_path=SNIPPET,
        snippet_archive=settings.data_dir / "snippets",
        disk_path=file_of(settings.db).absolute().parent,
    )
