"""What the outside is told when something cannot be done: one table, two languages.

1. A code, a status and one sentence in pt-BR and English; never a stack trace, never another
   person's data, never an echo of what was sent.
2. Rooms raise `Refusal` with a code; the store's errors bring codes of their own.
3. A token of another session and a session that does not exist get the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import JSONResponse

from db.errors import StoreError
from service.limits import NoRoom

Language = Literal["pt", "en"]

# A passing trouble of the store or the queue: long enough to be over, short enough to wait for.
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal."""

    status: int
    pt: str
    en: str


_AGAIN_PT, _AGAIN_EN = "Tente novamente em instantes.", "Please try again in a moment."

TABLE: Mapping[str, Row] = {
    "json_invalido": Row(
        400, "O corpo não é um objeto JSON válido.", "The body is not a valid JSON object."
    ),
    "chave_invalida": Row(
        400, "A chave de idempotência é inválida.", "The idempotency key is not valid."
    ),
    "nao_autorizado": Row(401, "É preciso um token válido.", "A valid token is required."),
    "token_expirado": Row(401, "O token expirou.", "The token has expired."),
    "acesso_negado": Row(403, "Este token não permite isso.", "This token does not allow that."),
    "origem_recusada": Row(
        403, "Este site não pode usar o serviço.", "This site may not use the service."
    ),
    "metricas_restritas": Row(403, "As métricas não são públicas.", "The metrics are not public."),
    "nao_encontrado": Row(404, "Não há nada neste endereço.", "There is nothing here."),
    "sessao_desconhecida": Row(404, "Sessão não encontrada.", "Session not found."),
    "metodo_nao_permitido": Row(
        405, "Este endereço não aceita esse método.", "This address does not take that method."
    ),
    "tempo_esgotado": Row(
        408, "O pedido demorou demais para chegar.", "The request took too long to arrive."
    ),
    "sessao_encerrada": Row(409, "A sessão já terminou.", "The session has already ended."),
    "chave_reutilizada": Row(
        409,
        "Esta chave de idempotência já foi usada com outras respostas.",
        "This idempotency key was already used with other answers.",
    ),
    "corpo_grande": Row(413, "O pedido é grande demais.", "The request is too large."),
    "tipo_nao_suportado": Row(
        415, "Envie o pedido como application/json.", "Send the request as application/json."
    ),
    "parametros_invalidos": Row(
        422, "Alguns dados precisam de correção.", "Some fields need to be corrected."
    ),
    "so_websocket": Row(
        426, "Este endereço só fala WebSocket.", "This address speaks WebSocket only."
    ),
    "muitos_pedidos": Row(429, f"Muitos pedidos. {_AGAIN_PT}", f"Too many requests. {_AGAIN_EN}"),
    "erro_interno": Row(500, "Algo deu errado do nosso lado.", "Something went wrong on our side."),
    "servico_cheio": Row(
        503, f"O serviço está cheio. {_AGAIN_PT}", f"The service is full. {_AGAIN_EN}"
    ),
    "fila_cheia": Row(503, f"A fila está cheia. {_AGAIN_PT}", f"The queue is full. {_AGAIN_EN}"),
    "encerrando": Row(
        503, f"O serviço está reiniciando. {_AGAIN_PT}", f"The service is restarting. {_AGAIN_EN}"
    ),
    "armazenamento": Row(
        503,
        f"Os dados não estão acessíveis agora. {_AGAIN_PT}",
        f"The data cannot be reached right now. {_AGAIN_EN}",
    ),
    "banco_ocupado": Row(
        503, f"O serviço está ocupado. {_AGAIN_PT}", f"The service is busy. {_AGAIN_EN}"
    ),
    "disco_cheio": Row(
        503,
        f"O serviço está sem espaço para gravar. {_AGAIN_PT}",
        f"The service has no room to write. {_AGAIN_EN}",
    ),
    "banco_somente_leitura": Row(
        503,
        f"O serviço não pode gravar agora. {_AGAIN_PT}",
        f"The service cannot write right now. {_AGAIN_EN}",
    ),
}


class Refusal(Exception):
    """A request is answered with a row of the table."""

    def __init__(
        self,
        code: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields
        self.row = TABLE[code]
        self.headers = dict(headers or {})
        self.retry_after_s = retry_after_s
        if self.row.status == 503 and retry_after_s is None:
            self.retry_after_s = RETRY_AFTER_S

    @property
    def passing(self) -> bool:
        """True if the same request may succeed a little later."""
        return self.row.status in (429, 503)


def from_store(error: StoreError) -> Refusal:
    """The store's error as the outside may know it; one without a row is "not reachable"."""
    return Refusal(error.code if error.code in TABLE else "armazenamento")


def from_gate(error: NoRoom) -> Refusal:
    """Too much: 429 for the address's own limit, 503 for everybody's."""
    code = "muitos_pedidos" if error.mine else "servico_cheio"
    return Refusal(code, retry_after_s=error.wait_s)


def respond(refusal: Refusal, language: Language) -> JSONResponse:
    """The answer in the contract's shape."""
    row = refusal.row
    content: dict[str, Any] = {
        "success": False,
        "code": refusal.code,
        "error": row.en if language == "en" else row.pt,
    }
    if refusal.fields is not None:
        content["campos"] = dict(refusal.fields)
    headers = dict(refusal.headers)
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if row.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, row.status, headers)
