"""The business without a browser: endings, refusals, order, and what the record says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, PLATES, TABLE, Scenario
from demo.replica.check import PLATE
from demo.replica.invention import plans
from demo.replica.scenario import ROWS, SCREENS, Row
from demo.replica.site import Site

from .visitor import RAW, PlainVisitor


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Bench:
    """A site on a standing clock, with the lines that `--record` would write."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = Clock()
        self.lines: list[dict[str, Any]] = []
        self.site = Site(
            pace="fast",
            seed=seed,
            email=DEFAULT_EMAIL,
            password=DEFAULT_PASSWORD,
            on_ending=self.lines.append,
            clock=self.clock,
        )

    def visit(self, query: str = "") -> PlainVisitor:
        """A new visitor at the start address."""
        return PlainVisitor.of(self.site, query)

    def finish(self, visitor: PlainVisitor) -> None:
        """From screen 15 to whatever ending the scenario has."""
        assert visitor.call("calculo")["fim"] is None
        self.clock.now_s += 3600
        answer = visitor.call("calculo")
        if answer["fim"] == "resultado" and "precos" not in answer:
            answer = visitor.call("entrar", email=DEFAULT_EMAIL, senha=DEFAULT_PASSWORD)
            if answer.get("conta_diferente"):
                visitor.call("associar")

    def record(self) -> dict[str, Any]:
        """The last visitor's record."""
        return self.site.records()[-1]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.scenario))
@pytest.mark.parametrize("chosen_by", ["query", "Mercosul plate", "old plate"])
def test_every_scenario_ends_as_its_row_says(row: Row, chosen_by: str) -> None:
    bench = Bench()
    visitor = bench.visit(f"?cenario={row.scenario}" if chosen_by == "query" else "")
    plate = {"Mercosul plate": row.plates[0], "old plate": row.plates[1]}.get(chosen_by, "XYZ1D23")
    kind = "moto" if row.scenario is Scenario.MOTO else "carro"
    until = "3" if row.scenario is Scenario.OUTRO_VEICULO else "15"
    if visitor.walk(plate, until, kind).get("tela") == "15":
        bench.finish(visitor)
    record = bench.record()
    assert (record["scenario"], record["ending"]) == (row.scenario, row.ending)
    assert record["faults"] == []
    assert bench.lines[-1] == record


def test_the_plates_of_the_table_are_valid_and_belong_to_one_scenario_each() -> None:
    assert len(PLATES) == 2 * len(TABLE) == 2 * len(Scenario)
    assert all(PLATE.fullmatch(plate) for plate in PLATES)
    assert all(row.plates[0][4].isalpha() and row.plates[1][4].isdigit() for row in TABLE)


def test_the_query_wins_over_the_plate() -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=sem_5_5")
    visitor.walk(ROWS[Scenario.COM_14].plates[0])
    screens = bench.record()["screens"]
    assert "5.5" not in screens
    assert "14" not in screens


def test_screens_5_5_and_14_come_only_in_their_scenarios() -> None:
    bench = Bench()
    bench.visit("?cenario=com_14").walk()
    assert bench.record()["screens"] == list(SCREENS)
    bench.visit().walk()
    assert bench.record()["screens"] == [screen for screen in SCREENS if screen != "14"]


@pytest.mark.parametrize("screen", SCREENS)
def test_any_screen_can_be_the_one_that_never_comes(screen: str) -> None:
    bench = Bench()
    query = f"?cenario=tela_ausente&tela={screen}"
    # Screen 14 is skipped in a usual run and so cannot be missed.
    assert bench.visit(query).walk()["tela"] == (None if screen != "14" else "15")
    assert screen not in bench.record()["screens"]


def test_a_server_error_stays_when_the_visitor_tries_again() -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=erro_servidor")
    assert visitor.walk()["status"] == 500
    assert visitor.advance("8")["status"] == 500
    assert bench.record()["ending"] == "erro_servidor"


def test_a_server_error_may_come_at_the_login() -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=erro_servidor&tela=15")
    visitor.walk()
    bench.clock.now_s += 3600
    assert visitor.call("calculo")["fim"] == "resultado"
    account = {"email": DEFAULT_EMAIL, "senha": DEFAULT_PASSWORD}
    assert visitor.call("entrar", **account)["status"] == 500
    assert visitor.call("entrar", **account)["status"] == 500
    assert bench.record()["ending"] == "erro_servidor"


def test_a_passing_server_error_is_gone_when_the_visitor_tries_again() -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=erro_passageiro&tela=3")
    visitor.walk(until="3")
    assert visitor.advance("3")["status"] == 500
    assert visitor.advance("3")["tela"] == "4"
    assert bench.record()["ending"] is None


def test_an_unstable_site_fails_every_other_visit_with_the_same_plate() -> None:
    bench = Bench()
    plate = ROWS[Scenario.INSTAVEL].plates[0]

    def end(plate: str = plate, query: str = "") -> str:
        return str(bench.visit(query).walk(plate).get("tela"))

    assert [end(), end(), end(), end()] == ["None", "15", "None", "15"]
    # Another plate is another story, and so is another start address.
    query = "?cenario=instavel"
    assert [end("ABC1D23", query), end("ABC1D24", query), end("ABC1D23", query)] == [
        *("None", "None", "15")
    ]


def test_the_drivers_cpf_may_be_the_refused_one() -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=cpf_recusado&tela=10")
    assert visitor.walk(until="10")["tela"] == "10"
    room = "TelaCondutorPrincipal"
    driver = {name.replace("TelaSegurado", room): value for name, value in RAW["9"].items()}
    raw = {f"condutorPrincipal{room}": "nao", **driver}
    assert list(visitor.advance("10", **raw)["erros"]) == [f"cpf{room}"]
    assert bench.record()["ending"] == "cpf_recusado"


def test_a_strange_screen_comes_before_the_one_it_is_about_and_leads_there() -> None:
    bench = Bench()
    bench.visit("?cenario=tela_estranha&tela=15").walk()
    assert bench.record()["screens"][-3:] == ["13", "estranha", "15"]


def test_a_screen_that_does_not_fit_the_plates_scenario_leaves_its_own() -> None:
    bench = Bench()
    bench.visit("?tela=2").walk(ROWS[Scenario.CPF_RECUSADO].plates[0])
    assert bench.record()["ending"] == "cpf_recusado"


def test_the_insurer_that_nobody_asked_for_is_seen_in_the_record() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk(until="4")
    insurer = {"seguradoraTelaRenovacao": "Outra"}
    visitor.advance("4", jaSeguradoTelaRenovacao="sim", **insurer)
    assert bench.record()["answers"]["seguradora"] == "Outra"


def test_an_unknown_scenario_or_screen_is_refused_with_what_is_allowed() -> None:
    bench = Bench()
    for query, hint in (
        ("?cenario=nenhum", "use usual, "),
        ("?cenario=", "use usual, "),
        ("?cenario=id_mudado&tela=15", "use 2, 3, "),
        ("?cenario=usual&tela=3", "não escolhe tela"),
        ("?tela=99", "use 1, 2, "),
        ("?pace=slow", "use fast ou real"),
        ("?cenaro=manual", "use cenario, tela ou pace"),
        ("?cenario=manual&cenario=usual", "duas vezes"),
    ):
        answer = bench.visit(query).start
        assert answer["status"] == 400
        assert hint in answer["erro"]


def test_a_plate_with_bad_form_is_refused_at_once_and_an_unknown_one_after_the_wait() -> None:
    bench = Bench()
    bench.visit("?cenario=placa_desconhecida").advance("1")
    run = bench.record()["run"]

    def send(plate: str) -> tuple[float, list[str]]:
        answers = {"placaTelaDadosPlaca": plate}
        reply = bench.site.answer("avancar", {"run": run, "tela": "2", "respostas": answers})
        bench.site.settle(reply)
        return reply.wait_s, list(reply.body["erros"])

    assert send("ABC-12") == (0.0, ["placaTelaDadosPlaca"])
    wait_s, fields = send("ABC-1D23")
    assert wait_s > 0
    assert fields == ["placaTelaDadosPlaca"]


def test_a_visitor_who_corrects_a_refused_field_goes_on() -> None:
    visitor = Bench().visit()
    visitor.walk(until="9")
    answer = visitor.advance("9", cpfTelaSegurado="111.111.111-11", emailTelaSegurado="marina@")
    assert list(answer["erros"]) == ["cpfTelaSegurado", "emailTelaSegurado"]
    assert visitor.advance("9")["tela"] == "10"


@pytest.mark.parametrize("screen", [screen for screen in RAW if screen not in ("11", "5.5")])
def test_a_screen_without_its_answers_is_not_left(screen: str) -> None:
    bench = Bench()
    visitor = bench.visit("?cenario=com_14")
    visitor.walk(until=screen)
    answer = visitor.call("avancar", tela=screen, respostas={})
    assert answer["erros"]
    assert bench.record()["screens"][-1] == screen
    assert bench.record()["faults"]


def test_the_page_cannot_pick_the_next_screen() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk(until="3")
    assert visitor.advance("8")["status"] == 409
    assert visitor.call("calculo")["status"] == 409
    assert visitor.call("entrar", email=DEFAULT_EMAIL, senha=DEFAULT_PASSWORD)["status"] == 409
    assert bench.record()["screens"][-1] == "3"
    assert len(bench.record()["faults"]) == 2


def test_an_address_that_was_not_offered_is_refused() -> None:
    visitor = Bench().visit()
    visitor.walk(until="7")
    answer = visitor.advance("7", enderecoTelaEndereco="Rua Inventada, Centro - Lugar/SP")
    assert list(answer["erros"]) == ["enderecoTelaEndereco"]
    assert visitor.advance("7")["tela"] == "8"


def test_an_answer_sent_again_while_the_first_is_held_counts_as_a_double_click() -> None:
    bench = Bench()
    bench.visit()
    call = {"run": bench.record()["run"], "tela": "1", "respostas": RAW["1"]}
    first = bench.site.answer("avancar", call)
    assert bench.site.answer("avancar", call).status == 409
    bench.site.settle(first)
    assert bench.record()["double_clicks"] == 1
    assert bench.record()["screens"] == ["1", "2"]


def test_going_back_and_answering_again_replaces_that_screens_answers_only() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk(until="12")
    visitor.advance("12", **{"possuiGaragemTelaGaragemResidencia": "sim"})
    gate = {"tipoPortaoTelaGaragemResidencia": "manual"}
    visitor.advance("12", possuiGaragemTelaGaragemResidencia="sim", **gate)
    assert bench.record()["answers"]["portao_eletronico"] == "Manual"
    assert visitor.call("voltar")["tela"] == "12"
    visitor.advance("12")
    assert bench.record()["answers"]["garagem_residencia"] is False
    assert "portao_eletronico" not in bench.record()["answers"]


def test_a_login_with_another_account_is_refused_and_the_right_one_still_works() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk()
    bench.clock.now_s += 3600
    visitor.call("calculo")
    assert "erro" in visitor.call("entrar", email="outro@exemplo.com.br", senha=DEFAULT_PASSWORD)
    assert bench.record()["ending"] == "login_recusado"
    assert visitor.call("entrar", email=DEFAULT_EMAIL, senha=DEFAULT_PASSWORD)["precos"]
    assert bench.record()["ending"] == "resultado"
    assert bench.record()["logins"] == 2


def test_the_password_is_in_no_record() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk()
    bench.finish(visitor)
    assert DEFAULT_PASSWORD not in json.dumps(bench.site.records())


def test_prices_stay_on_the_server_until_the_login() -> None:
    bench = Bench()
    visitor = bench.visit()
    visitor.walk()
    bench.clock.now_s += 3600
    grid = json.dumps(visitor.call("calculo"))
    for plan in plans(1, "XYZ1D23"):
        assert plan["valor"] not in grid
        assert plan["valor_franquia"] in grid
