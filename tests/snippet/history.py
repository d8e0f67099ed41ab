"""Histories for the fake service: what a run says, in the contract's shapes. All of it invented."""

from __future__ import annotations

from typing import Any

Fact = tuple[str, dict[str, Any]]

SCREENS = (
    ("1", "Tipo de seguro"),
    ("2", "Placa do carro"),
    ("3", "Seu veículo"),
    ("4", "Seguro atual"),
    ("5", "Estimativa inicial"),
    ("6", "Itens do carro"),
    ("7", "Onde o carro passa a noite"),
    ("8", "Uso do veículo"),
    ("9", "Seus dados"),
    ("10", "Condutor principal"),
    ("11", "Trabalho e estudo"),
    ("12", "Garagem"),
    ("13", "Quem mora com você"),
    ("15", "Cálculo final"),
)


def progress(etapa: str, fase: str, titulo: str, mensagem: str, **more: Any) -> Fact:
    """One progress event; `more` overrides any of its keys."""
    number = int(float(etapa))
    data = {
        "etapa": etapa,
        "etapa_atual": number,
        "total_etapas": 15,
        "percentual": round(min(99, number / 15 * 100 - (3 if fase == "entrou" else 0)), 1),
        "status": "running",
        "fase": fase,
        "titulo": titulo,
        "mensagem": mensagem,
        "restante_s": [max(10, 95 - 6 * number), 150 - 7 * number],
    }
    return "progress", {**data, **more}


def entered(etapa: str, titulo: str) -> Fact:
    """The screen is on view."""
    return progress(etapa, "entrou", titulo, f"Preenchendo: {titulo.lower()}.")


def done(etapa: str, titulo: str) -> Fact:
    """The screen is answered."""
    return progress(etapa, "concluiu", titulo, f"Pronto: {titulo.lower()}.")


def queued(posicao: int, espera_s: int | None = 40, **more: Any) -> Fact:
    """Waiting for a free robot."""
    people = posicao - 1
    before = f"Há {people} pessoa{'s' * (people > 1)} na sua frente."
    ahead = before if people else "Você é o próximo da fila."
    turn = f" Sua vez chega em cerca de {espera_s} segundos." if espera_s else ""
    place = {"posicao": posicao, "espera_s": espera_s}
    waiting = {"status": "queued", "fila": place, "percentual": 0, "restante_s": None, **more}
    text = waiting.pop("mensagem", ahead + turn)
    return progress("0", "fila", "", str(text), **waiting)


def screens(first: int = 0, last: int = len(SCREENS)) -> list[Fact]:
    """Screens walked through, each entered and left."""
    walked = SCREENS[first:last]
    return [
        fact for etapa, titulo in walked for fact in (entered(etapa, titulo), done(etapa, titulo))
    ]


def _coverage(name: str, low: int, high: int, *benefits: str) -> dict[str, Any]:
    return {
        "nome_cobertura": name,
        "valores": {
            "de": _money(low),
            "ate": _money(high),
            "de_centavos": low * 100,
            "ate_centavos": high * 100,
        },
        "beneficios": [{"nome": benefit, "status": "incluido"} for benefit in benefits],
    }


def _money(reais: int) -> str:
    return f"R$ {reais:,}".replace(",", ".") + ",00"


def estimate() -> Fact:
    """Three coverages with ranges and benefits."""
    coverages = [
        _coverage("Compreensiva", 1200, 1700, "Colisão e Acidentes", "Roubo e Furto", "Incêndio",
                  "Danos a terceiros", "Assistência 24h", "Carro Reserva", "Vidros"),
        _coverage("Roubo e Furto", 1200, 1500, "Roubo", "Furto",
                  "Danos parciais em tentativas de roubo."),
        _coverage("RCF", 900, 1400, "Danos materiais a terceiros", "Danos corporais a terceiros"),
    ]  # fmt: skip
    return "estimate", {
        "etapa": "5",
        "capturado_em": "2026-01-02T12:00:09.000Z",
        "coberturas_detalhadas": coverages,
        "resumo": {"total_coberturas": 3, "total_beneficios": 12, "valores_encontrados": 6},
    }


def plan(nome: str, valor: str, **more: Any) -> dict[str, Any]:
    """One plan with all its fields."""
    data = {
        "plano": nome,
        "valor": valor,
        "valor_centavos": 309918,
        "forma_pagamento": "Boleto/Crédito em até 3x sem juros ou 12x de R$ 333,02",
        "parcelamento": "anual",
        "valor_franquia": "R$ 4.830,00",
        "valor_franquia_centavos": 483000,
        "tipo_franquia": "Reduzida",
        "valor_mercado": "100% da tabela FIPE",
        "assistencia": True,
        "vidros": True,
        "carro_reserva": False,
        "danos_materiais": "R$ 100.000,00",
        "danos_corporais": "R$ 100.000,00",
        "danos_morais": "R$ 20.000,00",
        "morte_invalidez": "R$ 0,00",
    }
    return {**data, **more}


def result(**more: Any) -> Fact:
    """The usual ending: two plans."""
    data = {
        "desfecho": "cotacao",
        "plano_recomendado": plan("Plano recomendado", "R$3.099,18"),
        "plano_alternativo": plan(
            "Plano alternativo", "R$ 2.742,50", tipo_franquia="Normal", vidros=False
        ),
        "mensagem": "Encontramos dois planos para o seu carro.",
    }
    return "result", {**data, **more}


def manual() -> Fact:
    """The calculation went to a person."""
    return "result", {
        "desfecho": "cotacao_manual",
        "mensagem": "Seu perfil precisa do olhar de um corretor.",
        "proximo_passo": "Um corretor vai falar com você em até um dia útil.",
    }


def error(tipo: str = "tela_ausente", *, final: bool = True, **more: Any) -> Fact:
    """Something went wrong, for good unless `final` is false."""
    data = {
        "tipo": tipo,
        "codigo": tipo,
        "mensagem": "O site de cotação parou de responder no meio do caminho.",
        "sugestao": "Tente de novo em alguns minutos.",
        "etapa": "7",
        "final": final,
        "dados_enviados": False,
    }
    return "error", {**data, **more}


def quote() -> list[Fact]:
    """A whole run with estimate and result."""
    return [*screens(0, 5), estimate(), *screens(5), result()]
