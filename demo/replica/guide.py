"""The pages for people: the scenarios with their plates and links at `/`, and what went wrong.

1. Built from the scenario table and nothing else, so the guide cannot lag behind.
2. Whatever of a request is shown (a mistyped scenario) is escaped.
"""

from __future__ import annotations

from html import escape

from .scenario import TABLE, Chapter, Row

HEAD = """<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/base.css">
<link rel="stylesheet" href="/guide.css">
</head>
<body>
<main class="guia">
"""
TAIL = """</main>
</body>
</html>
"""
INTRODUCTION = """<header class="abre">
<img src="/logo.svg" alt="" width="52" height="52">
<div>
<h1>Cotador Exemplo</h1>
<p>Réplica de um site de cotação de seguros, para testes e demonstração. Seguradoras, planos e
preços são inventados, e nada do que é digitado sai desta máquina.</p>
<p class="acoes"><a class="botao" href="/corretor/andamento">Fazer uma cotação</a>
<a class="botao claro" href="/registro">Ver o que foi recebido</a></p>
</div>
</header>
<section class="escolha" aria-label="Como escolher um cenário">
<div><h2>Pela placa</h2><p>Digite na tela 2 uma das placas abaixo. Qualquer outra placa segue o
caminho usual.</p></div>
<div><h2>Pelo endereço</h2><p><code>?cenario=nome</code> vence a placa. Onde o cartão diz
<code>&amp;tela=</code>, escolhe-se também a tela em que acontece.</p></div>
<div><h2>No ritmo</h2><p><code>&amp;pace=real</code> usa os tempos vistos no site,
<code>&amp;pace=fast</code> os milissegundos dos testes.</p></div>
</section>
"""


def guide_page() -> str:
    """The whole page as text."""
    chapters = "".join(_chapter(chapter) for chapter in Chapter)
    return HEAD.format(title="Cotador Exemplo: cenários") + INTRODUCTION + chapters + TAIL


def trouble_page(title: str, sentence: str) -> str:
    """A page that says what is wrong with an address, and leads to the guide."""
    body = (
        '<section class="problema"><img src="/logo.svg" alt="" width="52" height="52">\n'
        f"<h1>{escape(title)}</h1>\n<p>{escape(sentence)}</p>\n"
        '<p><a class="botao" href="/">Ver os cenários</a></p></section>\n'
    )
    return HEAD.format(title=escape(title)) + body + TAIL


def _chapter(chapter: Chapter) -> str:
    rows = [row for row in TABLE if row.chapter is chapter]
    cards = "".join(_card(row) for row in rows)
    return (
        f'<section>\n<h2 class="capitulo">{escape(chapter)} <span>{len(rows)}</span></h2>\n'
        f'<div class="cartoes">\n{cards}</div>\n</section>\n'
    )


def _card(row: Row) -> str:
    address = f"/corretor/andamento?cenario={row.scenario}"
    plates = " ".join(f"<code>{escape(plate)}</code>" for plate in row.plates)
    screens = f"<dt>&amp;tela=</dt><dd>{' '.join(row.screens)}</dd>" if row.screens else ""
    return (
        f'<article id="{escape(row.scenario)}">\n'
        f"<h3>{escape(row.scenario)}</h3>\n<p>{escape(row.about)}</p>\n"
        f"<dl><dt>Placas</dt><dd>{plates}</dd>{screens}</dl>\n"
        f'<p class="abrir"><a href="{escape(address)}&amp;pace=real">Abrir no ritmo real</a>'
        f'<a href="{escape(address)}&amp;pace=fast">rápido</a></p>\n</article>\n'
    )
