"""What tests of a deployment ask for: a service, a command line, a proxy in front."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import cli
from tests.deploy.proxy import Proxy, caddy, nginx
from tests.service.conftest import serving

__all__ = ["cli", "serving"]

Before = Callable[[str], AbstractAsyncContextManager[Proxy]]


@pytest.fixture(params=["nginx", "nginx that buffers", "caddy"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Before:
    """Puts a proxy before the service at an address."""
    if request.param == "caddy":
        return partial(caddy, tmp_path)
    buffers = {"proxy_buffering off;": "proxy_buffering on;"} if "buffers" in request.param else {}
    return partial(nginx, tmp_path, changes=buffers)
