"""A bare Starlette route that answers JSON and reads nothing. Argument: a folder of JSON files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.peers.serving import run

BODIES = {path.stem: json.loads(path.read_bytes()) for path in Path(sys.argv[1]).glob("*.json")}


async def body(request: Request) -> JSONResponse:
    """One of the bodies, encoded anew as any route does."""
    return JSONResponse(BODIES[request.path_params["name"]])


if __name__ == "__main__":
    run(Starlette(routes=[Route("/{name}", body)]))
