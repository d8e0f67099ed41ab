"""Real proxies before a service, with the configurations that are shipped, addresses replaced."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.certificate import Certificate, certificate

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PLACES = (
    *os.get_exec_path(),
    "/usr/sbin",
    "/usr/local/sbin",
    *map(str, ROOT.glob(".venv/proxies/usr/*bin")),
)

NGINX = """
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
error_log {folder}/main.log;
{user}
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that serves: its address, its certificate, and where it logs."""

    url: str
    own: Certificate
    folder: Path

    @property
    def logs(self) -> str:
        """Everything that it has logged so far."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@asynccontextmanager
async def nginx(
    folder: Path, service: str, *, changes: Mapping[str, str] | None = None
) -> AsyncIterator[Proxy]:
    """nginx before `service`; `changes` say what else is to be replaced in its configuration."""
    own, port = certificate(folder), free_port()
    text = replaced(
        (DEPLOY / "nginx.conf").read_text(),
        {
            "server 127.0.0.1:8000;": f"server {urlsplit(service).netloc};",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "    listen [::]:80;\n": "",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "    listen [::]:443 ssl http2;\n": "",
            "/etc/letsencrypt/live/robo.example/fullchain.pem": str(own.cert),
            "/etc/letsencrypt/live/robo.example/privkey.pem": str(own.key),
            "/var/log/nginx/": f"{folder}/",
            "/var/cache/nginx/": f"{folder}/",
            **(changes or {}),
        },
    )
    (folder / "site.conf").write_text(text)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    command = [_found("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "main.log"]
    async with _running(command, folder, port):
        yield Proxy(url=f"https://127.0.0.1:{port}", own=own, folder=folder)


@asynccontextmanager
async def caddy(folder: Path, service: str) -> AsyncIterator[Proxy]:
    """Caddy before `service`."""
    own, port = certificate(folder), free_port()
    text = replaced(
        (DEPLOY / "Caddyfile").read_text(),
        {
            "{\n\t# Query": "{\n\tadmin off\n\tauto_https disable_redirects\n\t# Query",
            "robo.example {": f"https://127.0.0.1:{port} {{\n\ttls {own.cert} {own.key}",
            "127.0.0.1:8000": urlsplit(service).netloc,
            "/var/log/caddy/": f"{folder}/",
        },
    )
    (folder / "Caddyfile").write_text(text)
    command = [_found("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    async with _running(command, folder, port):
        yield Proxy(url=f"https://127.0.0.1:{port}", own=own, folder=folder)


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """The text with every change made; what is not there any more fails the test."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _found(program: str) -> str:
    path = shutil.which(program, path=os.pathsep.join(PLACES))
    if path is None:
        pytest.skip(f"there is no {program} here: sh deploy/proxies.sh")
    return path


@asynccontextmanager
async def _running(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    output = folder / "output.log"
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with output.open("wb") as log:
        process = await anyio.open_process(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    async with process:
        try:
            with anyio.fail_after(20):
                while not await _listens(port):
                    assert process.returncode is None, output.read_text()
            yield
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with anyio.CancelScope(shield=True), anyio.move_on_after(10):
                await process.wait()


async def _listens(port: int) -> bool:
    await checkpoint()
    try:
        stream = await anyio.connect_tcp("127.0.0.1", port)
    except OSError:
        return False
    await stream.aclose()
    return True
