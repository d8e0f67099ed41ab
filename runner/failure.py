"""How a run can fail, and what is said about it: one table, one code and one sentence each.

1. Standard library only: the supervisor writes endings for dead workers and never loads Playwright.
2. A `tipo` has exactly one code, and a code one meaning; the thousands tell the kind: 1 input,
   2 browser, 3 element, 4 time, 6 screen, 7 system, 8 network, 9 data. `docs/errors.md` holds the
   same table, and a test compares them.
3. The sentences are for the visitor: what happened and what to do, nothing technical. They are
   constants, so that no answer of a person can slip into an event or a log; where a flow knows
   better, it puts constants of its own in their place.
4. `detail` is for operators (selectors, ids, addresses without query). A library's own error text
   never goes into it: Playwright's call log quotes what was typed, passwords included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# A detail is one JSON value beside an event, not a dump of a page.
MAX_DETAIL_TEXT = 500
# Some lines in the page's modal: what is longer is no sentence.
MAX_SENTENCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the catalogue.

    `mensagem` and `sugestao` are Portuguese, `message` and `suggestion` the same in English.
    `business` failures lie in what was asked for, the others in the machinery; `retryable` says
    whether the same answers may work another time.
    """

    codigo: int
    mensagem: str
    sugestao: str
    message: str
    suggestion: str
    business: bool = False
    retryable: bool = False


_CALL_US = "Fale com a gente que terminamos a cotação por você."
_CALL_US_EN = "Get in touch and we will finish the quote for you."
_AGAIN = "Tente de novo em alguns minutos."
_AGAIN_EN = "Try again in a few minutes."

CATALOGUE: Mapping[str, Entry] = MappingProxyType(
    {
        "respostas_invalidas": Entry(
            codigo=1001,
            mensagem="Algumas respostas não puderam ser usadas na cotação.",
            sugestao="Confira os dados do formulário e envie de novo.",
            message="Some answers could not be used for the quote.",
            suggestion="Check the form and send it again.",
            business=True,
        ),
        "placa_desconhecida": Entry(
            codigo=1002,
            mensagem="Não encontramos um veículo com a placa informada.",
            sugestao="Confira a placa e peça a cotação de novo.",
            message="No vehicle was found for the licence plate.",
            suggestion="Check the plate and ask for the quote again.",
            business=True,
        ),
        "cpf_recusado": Entry(
            codigo=1003,
            mensagem="A seguradora não aceitou o CPF informado.",
            sugestao="Confira o CPF e peça a cotação de novo.",
            message="The insurer did not accept the CPF.",
            suggestion="Check the CPF and ask for the quote again.",
            business=True,
        ),
        "campo_recusado": Entry(
            codigo=1004,
            mensagem="O site de cotação não aceitou uma das respostas.",
            sugestao="Confira os dados do formulário e peça a cotação de novo.",
            message="The quoting site did not accept one of the answers.",
            suggestion="Check the form and ask for the quote again.",
            business=True,
        ),
        "endereco_nao_encontrado": Entry(
            codigo=1005,
            mensagem="Não encontramos um endereço para o CEP informado.",
            sugestao="Confira o CEP e peça a cotação de novo.",
            message="No address was found for the postal code.",
            suggestion="Check the CEP and ask for the quote again.",
            business=True,
        ),
        "sem_navegador": Entry(
            codigo=2001,
            mensagem="Nosso sistema de cotação está indisponível no momento.",
            sugestao=_CALL_US,
            message="No Chromium browser was found on the machine.",
            suggestion="Install Chromium or set the path of its executable.",
        ),
        "navegador_nao_abriu": Entry(
            codigo=2002,
            mensagem="Não conseguimos iniciar a cotação desta vez.",
            sugestao=_AGAIN,
            message="The browser was found but did not start.",
            suggestion="Check memory, sandbox and the executable, then try again.",
            retryable=True,
        ),
        "navegador_caiu": Entry(
            codigo=2003,
            mensagem="A cotação foi interrompida por uma falha do nosso navegador.",
            sugestao=_AGAIN,
            message="The browser or its page crashed during the quote.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "site_mudou": Entry(
            codigo=3001,
            mensagem="O site de cotação mudou e não conseguimos continuar sozinhos.",
            sugestao=_CALL_US,
            message="The quoting site has changed: an expected element is not there.",
            suggestion="Compare the screen with the flow and update its selectors.",
        ),
        "tempo_esgotado": Entry(
            codigo=4001,
            mensagem="A cotação demorou mais do que o previsto e foi encerrada.",
            sugestao=_AGAIN,
            message="The quote took longer than its deadline.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "calculo_sem_fim": Entry(
            codigo=4002,
            mensagem="O cálculo do seguro não terminou dentro do prazo.",
            sugestao=_CALL_US,
            message="The site's calculation did not end in time.",
            suggestion=_CALL_US_EN,
            retryable=True,
        ),
        "tela_ausente": Entry(
            codigo=6001,
            mensagem="O site de cotação parou de responder no meio do caminho.",
            sugestao=_AGAIN,
            message="The next screen of the quoting site did not come.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "erro_do_site": Entry(
            codigo=6002,
            mensagem="O site de cotação apresentou um erro e não deixou continuar.",
            sugestao=_AGAIN,
            message="The quoting site showed an error dialog.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "interno": Entry(
            codigo=7001,
            mensagem="Tivemos um problema inesperado durante a cotação.",
            sugestao=_CALL_US,
            message="An unexpected error happened in the robot.",
            suggestion="Look at the session's logs.",
        ),
        "robo_interrompido": Entry(
            codigo=7002,
            mensagem="A cotação foi interrompida antes do fim.",
            sugestao=_AGAIN,
            message="The worker process died before the end.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "robo_parado": Entry(
            codigo=7003,
            mensagem="A cotação parou de avançar e foi encerrada.",
            sugestao=_AGAIN,
            message="The worker process hung and was ended.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "cancelado": Entry(
            codigo=7004,
            mensagem="A cotação foi cancelada.",
            sugestao="Quando quiser, é só pedir uma nova cotação.",
            message="The quote was cancelled.",
            suggestion="Ask for a new quote whenever you like.",
            business=True,
        ),
        "sem_conta": Entry(
            codigo=7005,
            mensagem="Nosso sistema de cotação está indisponível no momento.",
            sugestao=_CALL_US,
            message="The broker's account of the quoting site is not set.",
            suggestion="Set the account's e-mail and password.",
        ),
        "login_recusado": Entry(
            codigo=7006,
            mensagem="O cálculo terminou, mas não conseguimos acessar o resultado.",
            sugestao=_CALL_US,
            message="The quoting site refused the broker's account.",
            suggestion="Check the account's e-mail and password.",
        ),
        "sistema_ocupado": Entry(
            codigo=7007,
            mensagem="Nosso sistema ficou sobrecarregado e a cotação foi interrompida.",
            sugestao=_AGAIN,
            message="The database stayed locked or full for too long.",
            suggestion="Look for a long transaction or a full disk; then try again.",
            retryable=True,
        ),
        "memoria_esgotada": Entry(
            codigo=7008,
            mensagem="A cotação ficou pesada demais para o nosso sistema e foi encerrada.",
            sugestao=_AGAIN,
            message="The worker and its browser used more memory than they may.",
            suggestion="Look at the site for what grew, or raise the limit.",
            retryable=True,
        ),
        "site_fora_do_ar": Entry(
            codigo=8001,
            mensagem="O site de cotação está fora do ar no momento.",
            sugestao=_AGAIN,
            message="The quoting site cannot be reached.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "estimativa_incompleta": Entry(
            codigo=9001,
            mensagem="A estimativa inicial veio incompleta.",
            sugestao=_AGAIN,
            message="The initial estimate was incomplete.",
            suggestion=_AGAIN_EN,
            retryable=True,
        ),
        "resultado_incompleto": Entry(
            codigo=9002,
            mensagem="O resultado da cotação veio incompleto.",
            sugestao=_CALL_US,
            message="The result of the quote was incomplete.",
            suggestion=_CALL_US_EN,
            retryable=True,
        ),
        "veiculo_diferente": Entry(
            codigo=9003,
            mensagem="O site de cotação encontrou um veículo com outra placa.",
            sugestao="Confira a placa e peça a cotação de novo.",
            message="The site showed a vehicle with another licence plate.",
            suggestion="Check the plate and ask for the quote again.",
            business=True,
        ),
    }
)


class Failure(Exception):
    """The ending of a run that is not a result: a `tipo` of the catalogue, where, and why.

    `etapa` is the screen's id; `detail` is for operators and never holds a personal datum.
    `mensagem` and `sugestao` stand in for the catalogue's sentences: kind constants of the flow's
    author, cut at MAX_SENTENCE. Raises ValueError for a `tipo` that the catalogue does not know.
    """

    def __init__(
        self,
        tipo: str,
        etapa: str | None = None,
        detail: Mapping[str, Any] | None = None,
        *,
        mensagem: str = "",
        sugestao: str = "",
    ) -> None:
        if tipo not in CATALOGUE:
            raise ValueError(f"the catalogue has no failure {tipo!r}")
        super().__init__(tipo)
        self.tipo = tipo
        self.etapa = etapa
        self.detail: dict[str, Any] = {key: _short(value) for key, value in (detail or {}).items()}
        self.mensagem = (mensagem or self.entry.mensagem)[:MAX_SENTENCE]
        self.sugestao = (sugestao or self.entry.sugestao)[:MAX_SENTENCE]

    @property
    def entry(self) -> Entry:
        """This failure's row of the catalogue."""
        return CATALOGUE[self.tipo]

    def at(self, etapa: str | None) -> Failure:
        """This same failure, placed at `etapa` unless it already has a place."""
        if self.etapa is None:
            self.etapa = etapa
        return self

    def data(self, etapa: str | None = None, dados_enviados: bool = False) -> dict[str, Any]:
        """The data of a terminal error event; `etapa` is used where none is known."""
        return {
            "tipo": self.tipo,
            "codigo": self.entry.codigo,
            "mensagem": self.mensagem,
            "sugestao": self.sugestao,
            "etapa": self.etapa if self.etapa is not None else etapa,
            "final": True,
            "dados_enviados": dados_enviados,
        }


def _short(value: Any) -> Any:
    return value[:MAX_DETAIL_TEXT] if isinstance(value, str) else value
