"""The usual path: a visitor sends the form and sees each step, the estimate and the ending."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import TOKEN, Service
from tests.snippet.history import (
    done,
    entered,
    error,
    estimate,
    manual,
    plan,
    progress,
    quote,
    result,
    screens,
)


def test_each_screen_is_shown_as_it_comes(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    for etapa, titulo in (("1", "Tipo de seguro"), ("2", "Placa do carro"), ("5.5", "Zero km")):
        service.say(entered(etapa, titulo))
        expect(visitor.title).to_have_text(titulo)
        expect(visitor.modal.locator(".step")).to_have_text(f"Etapa {int(float(etapa))} de 15")
        service.say(done(etapa, titulo))
        expect(visitor.modal.locator(".trail li.past").first).to_contain_text(titulo)


def test_the_bar_says_how_far_and_how_long(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(progress("7", "entrou", "Pernoite", "CEP", percentual=46.7, restante_s=[40, 95]))
    bar = visitor.modal.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "47")
    expect(bar).not_to_have_attribute("aria-live", "polite")
    expect(visitor.modal.locator(".figures")).to_contain_text("47%")
    expect(visitor.modal.locator(".outlook")).to_have_text("Faltam de 1 a 2 minutos")


def test_all_screens_stay_in_the_list_though_the_snapshot_keeps_ten(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(*screens())
    expect(visitor.modal.locator(".trail li")).to_have_count(14)


def test_the_estimate_appears_and_stays(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    covers = visitor.modal.locator(".covers > li")
    expect(visitor.modal.locator(".covers .ghost")).to_have_count(3)
    service.say(*screens(0, 5), estimate())
    expect(covers).to_have_count(3)
    expect(covers.first).to_contain_text("Compreensiva")
    expect(covers.first).to_contain_text("R$ 1.200 a R$ 1.700")
    expect(covers.first.locator(".benefits li")).to_have_count(7)
    widths = covers.locator(".range i").evaluate_all("bars => bars.map((b) => b.style.width)")
    assert widths == ["62.5%", "37.5%", "62.5%"]
    service.say(*screens(5))
    expect(visitor.title).to_have_text("Cálculo final")
    expect(covers).to_have_count(3)
    service.say(result())
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    expect(covers).to_have_count(3)


def test_the_result_shows_both_plans_price_first(visitor: Visitor, service: Service) -> None:
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    plans = visitor.modal.locator(".plan")
    expect(plans).to_have_count(2)
    expect(plans.first.locator(".price")).to_contain_text("R$ 3.099,18")
    expect(plans.first).to_contain_text("Plano recomendado")
    rows = plans.nth(1).locator("dl > div")
    expect(rows.nth(0)).to_have_text("FranquiaR$ 4.830,00Normal")
    expect(rows.nth(3)).to_have_text("VidrosNão incluído")
    expect(visitor.modal).not_to_contain_text("undefined")
    expect(visitor.modal.get_by_role("button", name="Cancelar")).to_have_count(0)


def test_plans_stand_side_by_side_where_there_is_room(visitor: Visitor, service: Service) -> None:
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    plans = visitor.modal.locator(".plan")
    expect(plans).to_have_count(2)

    def tops() -> list[float]:
        boxes = [plans.nth(place).bounding_box() for place in (0, 1)]
        return [box["y"] for box in boxes if box]

    assert tops()[0] < tops()[1]
    visitor.page.set_viewport_size({"width": 1280, "height": 800})
    assert tops()[0] == tops()[1]


def test_unknown_and_missing_fields_of_a_plan_read_well(visitor: Visitor, service: Service) -> None:
    odd = plan(
        "Plano recomendado", "R$ 10,00", vidros="ok", cobertura_extra="Pneus", nota=None, lista=[1]
    )
    del odd["valor_mercado"]
    service.say(result(plano_recomendado=odd, plano_alternativo=None))
    visitor.arrive()
    visitor.submit()
    shown = visitor.modal.locator(".plan")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Cobertura extraPneus")
    expect(shown).to_contain_text("VidrosIncluído")
    for word in ("undefined", "null", "Valor de mercado", "Nota", "Lista", "centavos"):
        expect(shown).not_to_contain_text(word)


def test_a_manual_quote_is_a_kind_ending(visitor: Visitor, service: Service) -> None:
    service.say(*screens(), manual())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação segue com um especialista")
    expect(visitor.modal.locator(".hint")).to_have_text(
        "Um corretor vai falar com você em até um dia útil."
    )
    assert visitor.told("failure") == [] and len(visitor.told("result")) == 1


def test_a_failure_says_what_to_do_and_offers_another_try(
    visitor: Visitor, service: Service
) -> None:
    service.say(*screens(0, 3), entered("4", "Seguro atual"), error())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Não foi possível concluir a cotação")
    expect(visitor.modal.locator(".text")).to_contain_text("parou de responder")
    expect(visitor.modal.locator(".hint")).to_have_text("Tente de novo em alguns minutos.")
    visitor.modal.get_by_role("button", name="Tentar de novo").click()
    service.wait_for(lambda: len(service.started) == 2)
    (first, answers), (second, same) = service.started
    assert answers == same and first != second


def test_an_unknown_plate_can_be_corrected_at_once(visitor: Visitor, service: Service) -> None:
    service.say(error("placa_desconhecida", mensagem="Não encontramos esta placa."))
    visitor.arrive()
    visitor.submit()
    visitor.modal.get_by_role("button", name="Corrigir meus dados").click()
    box = visitor.modal.get_by_label("Placa")
    expect(box).to_have_value("EXE-1A23")
    box.fill("EXE-1A24")
    box.press("Enter")
    service.wait_for(lambda: len(service.started) == 2)
    assert service.started[1][1]["placa"] == "EXE-1A24"


def test_a_try_that_cannot_help_is_not_offered(visitor: Visitor, service: Service) -> None:
    service.say(error("site_mudou"))
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal.locator(".foot").get_by_role("button")).to_have_text(["Fechar"])


def test_a_passing_error_does_not_end_the_run(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(entered("7", "Pernoite"), error(final=False))
    expect(visitor.modal.locator(".text")).to_contain_text("parou de responder")
    service.say(entered("8", "Uso do veículo"))
    expect(visitor.title).to_have_text("Uso do veículo")
    assert visitor.told("failure") == []


def test_cancelling_asks_once_and_shows_its_ending(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    cancel = visitor.modal.get_by_role("button", name="Cancelar cotação")
    cancel.click()
    visitor.modal.get_by_role("button", name="Não, continuar").click()
    expect(cancel).to_be_focused()
    cancel.click()
    assert service.cancelled == []
    visitor.modal.get_by_role("button", name="Sim, cancelar").click()
    service.wait_for(lambda: service.cancelled == [f"Bearer {TOKEN}"])
    service.say(error("cancelado", mensagem="Cancelada a pedido."))
    expect(visitor.title).to_have_text("Cotação cancelada")


def test_the_page_is_told_each_thing_once(visitor: Visitor, service: Service) -> None:
    facts = quote()
    service.say(*facts)
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    seen = visitor.told("progress")
    # One for the answer to the start, then one an event.
    assert len(seen) == 1 + len(facts)
    assert [detail["percentual"] for detail in seen] == sorted(d["percentual"] for d in seen)
    assert len(visitor.told("estimate")) == len(visitor.told("result")) == 1
    assert visitor.told("result")[0]["desfecho"] == "cotacao"
    visitor.modal.locator(".foot").get_by_role("button", name="Fechar").click()
    expect(visitor.pill).to_be_visible()
    visitor.close()
    visitor.page.wait_for_function("left.told.at(-1)[0] === 'close'")


def test_screen_readers_hear_few_and_whole_sentences(visitor: Visitor, service: Service) -> None:
    visitor.arrive(speak=60_000)
    visitor.submit()
    live = visitor.modal.locator("[aria-live=polite]")
    expect(live).to_have_text("Preparando sua cotação")
    service.say(*screens(0, 5), estimate())
    expect(visitor.title).to_have_text("Estimativa inicial")
    expect(live).to_have_text("Preparando sua cotação")
    service.say(result())
    expect(live).to_have_text("Sua cotação está pronta")
