"""The page at `/`: the scenarios with their plates and links, for people.

1. Built from the scenario table and nothing else, so it cannot lag behind.
2. No data of a request reaches it.
"""

from __future__ import annotations

from html import escape

from .scenario import TABLE, Row

HEAD = """<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cotador Exemplo: cenários</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/base.css">
<link rel="stylesheet" href="/guide.css">
</head>
<body>
<main class="guia">
<header><img src="/logo.svg" alt="" width="44" height="44"><h1>Cotador Exemplo</h1></header>
<p>Réplica de um cotador de seguros, para testes e demonstração. Nada do que é digitado sai desta
máquina. O cenário é escolhido pela placa ou pelo parâmetro <code>?cenario=</code>, que vence a
placa; qualquer outra placa segue o caminho usual. <code>&amp;pace=real</code> usa os tempos do
site, <code>&amp;pace=fast</code> os dos testes.</p>
<p>O que foi recebido está em <a href="/registro"><code>/registro</code></a>.</p>
<table>
<thead><tr><th>Cenário</th><th>Placas</th><th>O que acontece</th><th>Abrir</th></tr></thead>
<tbody>
"""
TAIL = "</tbody>\n</table>\n</main>\n</body>\n</html>\n"


def guide_page() -> str:
    """The whole page as text."""
    return HEAD + "".join(_line(row) for row in TABLE) + TAIL


def _line(row: Row) -> str:
    address = f"/corretor/andamento?cenario={row.scenario}"
    plates = " ".join(f"<code>{escape(plate)}</code>" for plate in row.plates)
    return (
        f"<tr><td><code>{escape(row.scenario)}</code></td><td>{plates}</td>"
        f"<td>{escape(row.about)}</td>"
        f'<td><a href="{escape(address)}&amp;pace=fast">rápido</a> '
        f'<a href="{escape(address)}&amp;pace=real">tempo real</a></td></tr>\n'
    )
