"""The peer of the quote flow: the same clicks and inputs in bare Playwright, and nothing else.

1. It knows beforehand which screens come, reads nothing but the prices, reports nothing and checks
   nothing: the least that brings the visitor's answers to the site. No answer of the site's is
   waited for but by Playwright's own locators.
2. Of two ways to write a line the faster one was taken, as measured: CSS rather than roles and
   filters; no wait for a list's backdrop to be gone, since the next click's own checks outlast it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.async_api import Locator, Page

USES = {"Pessoal": "Particular", "Motorista de aplicativo": "Motorista de App"}
GATES = {"Eletronico": "eletronico", "Manual": "manual"}
PLACEHOLDER = "100,00"


class Script:
    """One quote on `page`, by the answers of the flow's input model, for the usual scenario."""

    def __init__(self, page: Page, answers: Mapping[str, Any]) -> None:
        self._page = page
        self._answers = answers

    async def fill_in(self, url: str) -> None:
        """From the start address to the calculation."""
        # The first bytes are enough: every locator waits for what it needs.
        await self._page.goto(url, wait_until="commit")
        await self._vehicle()
        await self._habits()
        await self._person()
        await self._home()

    async def see_calculation(self) -> None:
        """Return once the countdown is on view."""
        await self._page.get_by_text("Tempo estimado em").wait_for()

    async def open_result(self, email: str, password: str) -> list[str]:
        """Wait for the calculation, log in; the texts of the plans' cards."""
        await self._at("emailTelaLogin").fill(email)
        await self._at("senhaTelaLogin").fill(password)
        await self._at("gtm-telaLoginBotaoAcessar").click()
        cards = self._page.locator(":has(> .border-primary) > .plano")
        await cards.get_by_text(PLACEHOLDER, exact=True).first.wait_for(state="hidden")
        return await cards.all_inner_texts()

    async def _vehicle(self) -> None:
        answers = self._answers
        await self._page.locator('button:has(img[alt="Icone car"])').click()
        await self._at("placaTelaDadosPlaca").fill(answers["placa"])
        await self._at("gtm-telaDadosAutoCotarComPlacaContinuar").click()
        await self._radio("confirmarVeiculoTelaInformacoesVeiculo", "Sim")
        await self._at("gtm-telaInfosAutoContinuar").click()
        await self._radio("jaSeguradoTelaRenovacao", _yes_no(answers["veiculo_segurado"]))
        await self._at("gtm-telaRenovacaoVeiculoContinuar").click()
        await self._at("gtm-telaEstimativaContinuarParaCotacaoFinal").click()
        await self._radio("zerokmTelaZeroKm", "Sim" if answers["zero_km"] else "Não")
        await self._at("gtm-telaZeroKmContinuar").click()
        await self._label("tipoCombustivelTelaItens", answers["combustivel"])
        for name, value in (("kit_gas", "Kit Gás"), ("blindado", "Blindado")):
            if answers[name]:
                await self._label("outrosTelaItens", value)
        if answers["financiado"]:
            await self._label("outrosTelaItens", "Financiado")
        await self._at("gtm-telaItensAutoContinuar").click()

    async def _habits(self) -> None:
        answers = self._answers
        # Key by key, as the flow does: what is compared is the same input.
        await self._at("enderecoTelaEndereco").press_sequentially(answers["cep"])
        await self._at("enderecoTelaEndereco-option-0").click()
        await self._at("gtm-telaPernoiteVeiculoContinuar").click()
        use = USES.get(answers["uso_veiculo"], answers["uso_veiculo"])
        await self._radio("finalidadeVeiculoTelaUsoVeiculo", use)
        await self._at("gtm-telaUsoVeiculoContinuar").click()

    async def _person(self) -> None:
        answers = self._answers
        await self._at("nomeTelaSegurado").fill(answers["nome"])
        await self._at("cpfTelaSegurado").fill(answers["cpf"])
        await self._at("dataNascimentoTelaSegurado").fill(answers["data_nascimento"])
        await self._at("emailTelaSegurado").fill(answers["email"])
        await self._at("celularTelaSegurado").press_sequentially(answers["celular"])
        await self._pick("sexoTelaSegurado", answers["sexo"])
        await self._pick("estadoCivilTelaSegurado", answers["estado_civil"])
        await self._at("gtm-telaDadosSeguradoContinuar").click()

    async def _home(self) -> None:
        answers = self._answers
        main = _yes_no(answers["condutor_principal"])
        await self._radio("condutorPrincipalTelaCondutorPrincipal", main)
        await self._at("gtm-telaCondutorPrincipalContinuar").click()
        await self._at("gtm-telaAtividadeVeiculoContinuar").click()
        garage = answers["garagem_residencia"]
        await self._radio("possuiGaragemTelaGaragemResidencia", _yes_no(garage))
        if garage:
            gate = GATES[answers["portao_eletronico"]]
            await self._radio("tipoPortaoTelaGaragemResidencia", gate)
        await self._at("gtm-telaGaragemResidenciaContinuar").click()
        await self._label("usoDependenteTelaUsoResidentes", answers["reside_18_26"])
        await self._at("gtm-telaUsoResidentesContinuar").click()

    def _at(self, id: str) -> Locator:
        return self._page.locator(f'[id="{id}"]')

    async def _radio(self, group: str, value: str) -> None:
        radio = f'input[value="{value}"]'
        await self._page.locator(f'div[id="{group}"] label label:has({radio})').click()

    async def _label(self, group: str, text: str) -> None:
        label = f'div[id="{group}"] label label:has(p:text-is("{text}"))'
        await self._page.locator(label).click()

    async def _pick(self, box: str, text: str) -> None:
        await self._at(box).click()
        await self._page.locator(f'li[role=option]:text-is("{text}")').click()


def _yes_no(answer: bool) -> str:
    return "sim" if answer else "nao"
