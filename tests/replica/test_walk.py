"""A person's whole way through the site, with real clicks, and what the record says of it."""

from __future__ import annotations

from playwright.sync_api import Page

from demo.replica import Replica

from .visitor import PERSON, ClickingVisitor


def test_a_complete_walk_reaches_the_result_and_the_record_equals_what_was_typed(
    replica: Replica, page: Page
) -> None:
    visitor = ClickingVisitor(page)
    visitor.open(replica.url)
    visitor.walk("15")
    page.get_by_text("Parabéns, chegamos ao resultado final da cotação!").wait_for()
    visitor.log_in()
    page.locator(".borrado").first.wait_for(state="detached")
    record = replica.records()[-1]
    assert record["answers"] == PERSON
    assert record["ending"] == "resultado"
    assert (record["faults"], record["double_clicks"]) == ([], 0)
    price = page.locator(".border-primary .numero").inner_text()
    assert f"R$ {price}" == record["result"]["plano_recomendado"]["valor"]
