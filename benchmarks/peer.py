"""Starts and stops what the product is compared with, or says why it cannot be had.

Each peer is a process of its own on a free port of this machine, in a folder of its own. Nothing of
it is left behind, and no server that runs here already is touched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.served import lift

# Debian's place for servers, which an ordinary user's path lacks.
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
MODULES = ("/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/local/lib/nginx/modules")
PATIENCE_S = 15.0

NGINX = """
load_module {module};
daemon off;
worker_processes {workers};
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/publish/(.+)$ {{
            nchan_publisher http;
            nchan_channel_id $1;
            nchan_message_buffer_length 100000;
            nchan_message_timeout 10m;
        }}
        location ~ ^/watch/(.+)$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message oldest;
        }}
    }}
}}
"""


class Missing(Exception):
    """A peer that cannot be had here; the text says why."""


@contextmanager
def application(name: str, *arguments: str) -> Iterator[str]:
    """A program of `benchmarks.peers` that serves; its address."""
    with program(name, *arguments) as (_, base):
        yield base


@contextmanager
def program(name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A program of `benchmarks.peers`, its standard input open, and the address it serves at."""
    lift()
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", *arguments]
    pipe = subprocess.PIPE
    # A peer that is stopped amid its streams prints traces; they say nothing about any figure.
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, text=True) as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().removeprefix("ready ").strip()
            if not base:
                raise Missing(f"{name} does not start")
            yield process, base
        finally:
            process.terminate()
            with suppress(BrokenPipeError):
                process.communicate()


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """A Redis that keeps nothing on disk; its port. Raises Missing."""
    found = shutil.which("redis-server", path=PATH)
    if not found:
        raise Missing("redis-server is not installed")
    port = _free_port()
    options = ["--save", "", "--appendonly", "no", "--maxclients", "15000", "--bind", "127.0.0.1"]
    with _server([found, "--port", str(port), "--dir", str(folder), *options], port):
        yield port


@contextmanager
def nchan(folder: Path, *, workers: int = 1) -> Iterator[int]:
    """nginx with nchan, everything in memory; its port. Raises Missing."""
    found, module = shutil.which("nginx", path=PATH), _module()
    if not found or not module:
        raise Missing("nginx is not installed" if not found else "nginx has no nchan module")
    port, files = _free_port(), lift()
    text = NGINX.format(
        module=module,
        workers=workers,
        files=files,
        folder=folder,
        connections=min(files - 100, 15_000),
        port=port,
    )
    config = folder / "nginx.conf"
    config.write_text(text, encoding="utf-8")
    with _server([found, "-c", str(config), "-p", str(folder), "-e", "stderr"], port):
        yield port


def publish(kind: str, port: int, channels: Sequence[str], *, events: int, rate: float) -> None:
    """Publish `events` to each channel of `redis` or `nchan` at this port, like `Served.write`."""
    command = [sys.executable, "-m", "benchmarks.peers.publish", kind, str(port)]
    done = subprocess.run(
        [*command, str(events), str(rate)],
        input="\n".join(channels),
        text=True,
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"publishing to {kind} failed: {done.stderr.strip()[-500:]}")


@contextmanager
def _server(command: Sequence[str], port: int) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    lift()
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            _await(process, port, Path(command[0]).name)
            yield
        finally:
            process.terminate()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise Missing(f"{name} does not start")


def _module() -> Path | None:
    found = (path for place in MODULES for path in Path(place).glob("*nchan*.so"))
    return next(found, None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])
