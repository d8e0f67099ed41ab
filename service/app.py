"""The service's front: every request comes in here, and every answer leaves through here.

1. Outermost is what every answer needs, also the worst: CORS and security headers, and one JSON
   shape for every error. Nothing unexpected reaches the server above, which would print a trace.
2. Beneath it, in this order: preflight, the address's rate, the body's bounds, the route.
3. Query strings carry tokens: no log line here has one, nor a path, which a stranger can fill with
   anything; the route's name and a session id that has our form are all that is said.
4. `run` is what lives beside the requests (the tail); whoever serves the app runs it (server.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import anyio
import structlog
from anyio.abc import TaskStatus
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import StoreError
from db.store import Requests
from service import cors, health, metrics, sessions, snapshot, snippet, start, stream, websocket
from service.address import networks
from service.body import DISCARD_S, Body
from service.broadcast import Broadcast
from service.errors import Refusal, from_gate, from_store, respond
from service.limits import Gate, NoRoom
from service.parts import Automation, Closing, Parts, Seal
from service.picture import Gallery
from service.reply import Reply
from service.request import accepts_stream, address, language
from service.settings import Pace, ServiceSettings
from service.tail import Bell, Tail
from service.tally import Tally
from service.token import SECRET_BYTES

__all__ = ["Pace", "Service", "ServiceSettings", "create_app"]

# What a stuck write is still given when everyone must leave.
FAREWELL_S = 0.3

# Whoever asks after a process's health must not be refused for asking often.
_UNCOUNTED = ("/livez", "/readyz", "/api/rpa/health")
# They live long, and bound each of their writes themselves.
_PACED = ("events", "websocket")
_SESSION_ID = re.compile(r"rpa_v5_[0-9]{8}_[0-9]{6}_[0-9a-f]{32}")

log = structlog.get_logger("service")


def create_app(
    *,
    store: Requests,
    automations: Mapping[str, Automation],
    seal: Seal,
    secret: str,
    settings: ServiceSettings,
    bell: Bell | None = None,
) -> Service:
    """The ASGI application over an open store.

    `seal(session_id, answers)` encrypts a visitor's answers; `secret` signs tokens (at least 32
    bytes); `bell` replaces that of the store. Raises ValueError for a short secret and for origins
    or proxies that cannot be understood.
    """
    if len(secret.encode()) < SECRET_BYTES:
        raise ValueError(f"the secret must have at least {SECRET_BYTES} bytes")
    broadcast, tally = Broadcast(store), Tally()
    return Service(
        Parts(
            store=store,
            automations=automations,
            seal=seal,
            secret=secret,
            settings=settings,
            broadcast=broadcast,
            tail=Tail(store, broadcast, bell=bell, tally=tally),
            gallery=Gallery(store, version=settings.version),
            gate=Gate(
                starts_per_minute=settings.starts_per_minute,
                requests_per_minute=settings.requests_per_minute,
                streams=settings.streams,
                streams_per_address=settings.streams_per_address,
                streams_per_session=settings.streams_per_session,
            ),
            tally=tally,
            origins=cors.Origins(settings.cors_origins),
            trusted=networks(settings.trusted_proxies),
        )
    )


def routes(parts: Parts) -> list[Route]:
    """Every address that the service answers, once."""
    file = snippet.Snippet(parts.settings.snippet_path, parts.settings.snippet_archive)
    told = metrics.Metrics(parts)
    return [
        Route("/api/rpa/start", _bound(start.start, parts), methods=["POST"], name="start"),
        Route("/api/rpa/events/{session_id}", stream.Events(parts), methods=["GET"], name="events"),
        Route(
            "/api/rpa/ws/{session_id}",
            websocket.Socket(parts),
            methods=websocket.METHODS,
            name="websocket",
        ),
        Route(
            "/api/rpa/progress/{session_id}",
            _bound(snapshot.progress, parts),
            methods=["GET"],
            name="progress",
        ),
        Route(
            "/api/rpa/sessions/{session_id}",
            _bound(sessions.cancel, parts),
            methods=["DELETE"],
            name="cancel",
        ),
        Route("/api/rpa/health", health.Health(parts).__call__, methods=["GET"], name="health"),
        Route("/livez", health.live, methods=["GET"], name="livez"),
        Route("/readyz", _bound(health.ready, parts), methods=["GET"], name="readyz"),
        Route("/metrics", told.__call__, methods=["GET"], name="metrics"),
        Route("/snippet/andamento.js", file.__call__, methods=["GET"], name="snippet"),
        Route("/snippet/andamento.{hash:str}.js", file.__call__, methods=["GET"], name="snippet"),
    ]


class Service:
    """The ASGI application; `run` beside it, `leave` before it goes."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._routes = routes(parts)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """What lives beside the requests, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.parts.gallery.run)
            task_status.started()
            await self.parts.tail.run()

    def leave(self) -> None:
        """Tell every stream and long poll to end now; whoever is stuck is cut after a moment."""
        self.parts.broadcast.close()
        deadline = anyio.current_time() + FAREWELL_S
        for scope in self.parts.open:
            scope.deadline = min(scope.deadline, deadline)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._http(*websocket.translated(scope, receive, send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(scope, receive)
        reply = Reply(cors.dressed(scope, send, self.parts.origins), self.parts.tally, scope)
        scope.setdefault("state", {})["body"] = body
        try:
            reply.route, route = await self._route(scope, body)
            reply.bounded = reply.route not in _PACED
            # Awaited here, not further in: a stream lives long, and so does every frame above it.
            await route(scope, body, reply)
        except ClientDisconnect:
            return
        except Exception as error:
            reply.refusal = refusal = _refusal(error)
            if refusal is None:
                reply.refusal = refusal = Refusal("erro_interno")
                _report(error, scope)
            reply.bounded = True
            if not reply.started:
                await _refuse(refusal, Request(scope), body, reply)
        finally:
            reply.over()

    async def _route(self, scope: Scope, body: Body) -> tuple[str, ASGIApp]:
        request, parts = Request(scope), self.parts
        if cors.is_preflight(scope):
            return "preflight", self._preflight(request)
        if scope["path"] not in _UNCOUNTED:
            parts.gate.request(address(request, parts))
        if scope["method"] != "POST" and not body.complete:
            await body.read(parts.settings.body_limit, parts.settings.body_s)
        route = _found(self._routes, scope)
        return route.name, route.app

    def _preflight(self, request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if not self.parts.origins.allow(origin) and not request.url.path.startswith("/snippet/"):
            raise Refusal("origem_recusada")
        return cors.preflight()


def _bound(
    endpoint: Callable[[Request, Parts], object], parts: Parts
) -> Callable[[Request], object]:
    return partial(endpoint, parts=parts)  # type: ignore[call-arg]  # mypy sees no keyword in it


def _found(known: Sequence[Route], scope: Scope) -> Route:
    """The route for this path and method; raises Refusal, with every method that the path has."""
    methods: set[str] = set()
    for route in known:
        match, child = route.matches(scope)
        if match is Match.FULL:
            scope.update(child)
            return route
        if match is Match.PARTIAL:
            methods |= route.methods or set()
    if methods:
        raise Refusal("metodo_nao_permitido", headers={"Allow": ", ".join(sorted(methods))})
    raise Refusal("nao_encontrado")


def _refusal(error: Exception) -> Refusal | None:
    match error:
        case Refusal():
            return error
        case NoRoom():
            return from_gate(error)
        case Closing():
            return Refusal("encerrando")
        case StoreError():
            return from_store(error)
    return None


async def _refuse(refusal: Refusal, request: Request, body: Body, send: Send) -> None:
    if refusal.passing and accepts_stream(request):
        await stream.send_passing(refusal, send)
        return
    response = respond(refusal, language(request))
    if body.complete:
        await response(request.scope, body, send)
        return
    await _refuse_unread(response, request, body, send)


async def _refuse_unread(response: Response, request: Request, body: Body, send: Send) -> None:
    # The answer first, then the rest of the body, then the close: see body.py, 2.
    if request.scope["http_version"] in ("1.0", "1.1"):
        response.headers["connection"] = "close"

    async def hold(message: Message) -> None:
        await send({**message, "more_body": True} if "body" in message else message)

    async with anyio.create_task_group() as group:
        enough = anyio.Event()
        group.start_soon(body.discard, enough)
        await response(request.scope, body, hold)
        with anyio.move_on_after(DISCARD_S):
            await enough.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        group.cancel_scope.cancel()


def _report(error: Exception, scope: Scope) -> None:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace else None
    session = _SESSION_ID.search(scope["path"])
    log.error(
        "a request failed unexpectedly",
        type=type(error).__name__,
        at=f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if code and trace else None,
        function=code.co_qualname if code else None,
        session=session[0] if session else None,
    )


async def _lifespan(receive: Receive, send: Send) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})
