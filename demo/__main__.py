"""`make demo`: the whole way on this machine, with a person or (`--once`) without one."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD
from demo.visitor import Visit, visit
from demo.world import NotStarted, World

FOLDER = Path("var/demo")


def main(arguments: list[str] | None = None) -> int:
    """Run the demo. 0 when stopped or, once, when the page showed the result; else 1."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="one quote by a headless visitor, then end"
    )
    parser.add_argument(
        "--pace", choices=("real", "fast"), help="of the quoting site [default: real; once: fast]"
    )
    parser.add_argument("--plate", help="plate of the once visitor (the replica lists scenarios)")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="once: take screenshots")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _once(chosen) if chosen.once else _stay(chosen.pace or "real")
    except NotStarted:
        print("demo: the product did not start; see above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130 if chosen.once else 0


def _stay(pace: str) -> int:
    print("Starting …", flush=True)
    with World(FOLDER, pace=pace) as world:
        print(_addresses(world), flush=True)
        code = world.product.wait()
        print(f"demo: the product ended with code {code}.", file=sys.stderr)
        return 1


def _addresses(world: World) -> str:
    rows = [
        ("Landing page", world.landing.url, "fill in the form, or use the example person"),
        ("Playground", f"{world.landing.url}/playground.html", "the modal's every state, no robot"),
        ("Quoting site", world.replica.origin, "the replica: its scenarios, each with a plate"),
        ("Its login", f"{DEFAULT_EMAIL} / {DEFAULT_PASSWORD}", "the broker's account there"),
        ("Service", f"{world.api}/api/rpa/health", "health"),
        ("Database", f"sqlite3 {world.database} 'select * from v_timeline'", ""),
    ]
    lines = [f"  {name:<13} {where:<42} {what}".rstrip() for name, where, what in rows]
    return "\n".join(["", *lines, "", "Stop with Ctrl-C.", ""])


def _once(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="andamento-demo-") as folder,
        World(Path(folder), pace=chosen.pace or "fast") as world,
    ):
        print(f"everything up after {time.monotonic() - began:.1f} s\n", flush=True)
        seen = visit(world.landing.url, tell=_tell, plate=chosen.plate, pictures=chosen.pictures)
        leads = world.landing.leads
    print(_figures(seen, leads))
    return 0 if seen.good and leads == 1 else 1


def _tell(event: dict[str, Any], passed: float) -> None:
    data = event["data"]
    match event["type"]:
        case "progress":
            where = f"{data['percentual']:5.1f} %  {data['fase']:<8} {data['etapa']:>4}"
            words = f"{where}  {data['mensagem']}"
        case "estimate":
            words = " · ".join(
                f"{cover['nome_cobertura']} {cover['valores']['de']} – {cover['valores']['ate']}"
                for cover in data["coberturas_detalhadas"]
            )
        case "result":
            plans = [data.get("plano_recomendado"), data.get("plano_alternativo")]
            prices = " · ".join(f"{plan['plano']} {plan['valor']}" for plan in plans if plan)
            words = f"{data['desfecho']}  {prices or data['mensagem']}"
        case _:
            words = f"{data['tipo']}: {data['mensagem']} {data['sugestao']}"
    print(f"{passed:7.2f} s  {event['seq']:>3}  {event['type']:<9} {words}", flush=True)


def _figures(seen: Visit, leads: int) -> str:
    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f} s"

    return "\n".join(
        [
            "",
            f"start → first event   {seconds(seen.first_event_s)}",
            f"estimate at           {seconds(seen.estimate_s)}",
            f"calculation begins    {seconds(seen.calculation_s)}",
            f"result at             {seconds(seen.result_s)}",
            f"events                {len(seen.events)}, each once and in order"
            if seen.good
            else f"events                {len(seen.events)}",
            f"lead delivered        {'yes' if leads == 1 else f'no ({leads})'}",
            f"the page showed       {seen.shown or 'no ending'}",
        ]
    )


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Playwright's and the servers' threads have nothing left to say.
    os._exit(code) if code == 130 else sys.exit(code)
