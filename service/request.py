"""What a request says about itself: address, language, right, and how it calls the service.

1. `Authorization` counts if it is a bearer token; otherwise the query's token does (a staging
   site's basic authentication must not hide it).
2. Forwarded scheme and host count only from a trusted proxy; what is not a plain host name never
   gets into a URL that is handed out.
"""

from __future__ import annotations

import re

from starlette.requests import Request

from service.address import Networks, canonical, visitor, within
from service.errors import Language, Refusal
from service.parts import Parts
from service.token import Grant, Scope, TokenExpired, TokenInvalid, check

_HOST = re.compile(r"[A-Za-z0-9.\-_]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def address(request: Request, parts: Parts) -> str:
    """The visitor's address in its one spelling; empty if there is none (a Unix socket)."""
    peer = request.client.host if request.client else ""
    return visitor(peer, ",".join(request.headers.getlist("x-forwarded-for")), parts.trusted)


def base_url(request: Request, parts: Parts) -> str:
    """The service's address as this visitor knows it, without a slash at the end."""
    if parts.settings.public_url:
        return parts.settings.public_url.rstrip("/")
    scheme, host = request.url.scheme, request.headers.get("host", "")
    if _trusted(request, parts.trusted):
        scheme = _last(request, "x-forwarded-proto") or scheme
        host = _last(request, "x-forwarded-host") or host
    if scheme not in ("http", "https") or not _HOST.fullmatch(host):
        server = request.scope.get("server") or ("localhost", None)
        name = f"[{server[0]}]" if ":" in server[0] else server[0]
        return f"http://{name}:{server[1]}" if server[1] else f"http://{name}"
    return f"{scheme}://{host}"


def language(request: Request) -> Language:
    """English if it is preferred to Portuguese, which is what everybody else gets."""
    best: tuple[float, Language] = (0.0, "pt")
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag, _, quality = part.partition(";q=")
        name = tag.strip().lower()[:2]
        weight = _weight(quality)
        if name == "en" and weight > best[0]:
            best = (weight, "en")
        elif name == "pt" and weight > best[0]:
            best = (weight, "pt")
    return best[1]


def grant(request: Request, parts: Parts) -> Grant:
    """What the request's token allows; raises Refusal (401)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.query_params.get("token", "")
    if not token.strip():
        raise Refusal("nao_autorizado")
    try:
        return check(parts.secret, token.strip())
    except TokenExpired:
        raise Refusal("token_expirado") from None
    except TokenInvalid:
        raise Refusal("nao_autorizado") from None


def authorise(request: Request, parts: Parts, scope: Scope = Scope.READ) -> str:
    """The session that the path names, if the caller may do this with it; raises Refusal."""
    granted = grant(request, parts)
    session_id: str = request.path_params["session_id"]
    if granted.session_id != session_id:
        raise Refusal("sessao_desconhecida")
    if scope not in granted.scopes:
        raise Refusal("acesso_negado")
    return session_id


def accepts_stream(request: Request) -> bool:
    """True for a client that would rather wait than read an error: `EventSource` and its likes."""
    return "text/event-stream" in request.headers.get("accept", "").lower()


def _trusted(request: Request, trusted: Networks) -> bool:
    return request.client is not None and within(canonical(request.client.host), trusted)


def _last(request: Request, header: str) -> str:
    return request.headers.get(header, "").rpartition(",")[2].strip()


def _weight(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
