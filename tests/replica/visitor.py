"""Three visitors for the replica: one clicks by hand, two speak plainly what the page would say.

1. They know the site from the written facts, not from the product's flow: a mistake in the flow
   must not be able to hide here.
2. The clicking visitor waits for the next screen's mark and for nothing else; there is no sleep.
3. The person is invented; the check digits are computed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Route

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from demo.replica.check import cpf_check_digits
from demo.replica.scenario import SCREENS
from demo.replica.site import Site

Answers = dict[str, Any]

PERSON: Answers = {
    "tipo_veiculo": "carro",
    "placa": "XYZ1D23",
    "veiculo_segurado": False,
    "zero_km": False,
    "combustivel": "Gasolina",
    "kit_gas": False,
    "blindado": False,
    "financiado": True,
    "cep": "01310100",
    "uso_veiculo": "Profissional",
    "nome": "Marina Exemplo de Souza",
    "cpf": "123456789" + cpf_check_digits("123456789"),
    "data_nascimento": "09/03/1987",
    "sexo": "Feminino",
    "estado_civil": "Casado ou União Estável",
    "email": "marina@exemplo.com.br",
    "celular": "11987654321",
    "condutor_principal": False,
    "nome_condutor": "Otávio Exemplo de Souza",
    "cpf_condutor": "987654321" + cpf_check_digits("987654321"),
    "data_nascimento_condutor": "21/11/1990",
    "sexo_condutor": "Masculino",
    "estado_civil_condutor": "Solteiro",
    "local_de_trabalho": True,
    "estacionamento_proprio_local_de_trabalho": True,
    "local_de_estudo": True,
    "estacionamento_proprio_local_de_estudo": False,
    "garagem_residencia": True,
    "portao_eletronico": "Manual",
    "reside_18_26": "Sim e utilizam o veículo",
    "sexo_do_menor": "Ambos",
    "faixa_etaria_menor_mais_novo": "25 anos",
}

MARKS = {
    "1": 'button:has(img[alt="Icone car"])',
    "2": "#placaTelaDadosPlaca",
    "3": "#gtm-telaInfosAutoContinuar",
    "4": "#gtm-telaRenovacaoVeiculoContinuar",
    "5": "#gtm-telaEstimativaContinuarParaCotacaoFinal",
    "5.5": "#gtm-telaZeroKmContinuar",
    "6": "#gtm-telaItensAutoContinuar",
    "7": "#enderecoTelaEndereco",
    "8": "div#finalidadeVeiculoTelaUsoVeiculo",
    "9": "#nomeTelaSegurado",
    "10": "#gtm-telaCondutorPrincipalContinuar",
    "11": "#gtm-telaAtividadeVeiculoContinuar",
    "12": "div#possuiGaragemTelaGaragemResidencia",
    "13": "div#usoDependenteTelaUsoResidentes",
    "14": "#gtm-telaCorretorAnteriorContinuar",
    # At the fast pace a busy machine may see the ending first.
    "15": "main :text-matches('^(Tempo estimado em|Parabéns|Ops)') >> visible=true",
}
CONTINUE = {
    "2": "#gtm-telaDadosAutoCotarComPlacaContinuar",
    "7": "#gtm-telaPernoiteVeiculoContinuar",
    "8": "#gtm-telaUsoVeiculoContinuar",
    "9": "#gtm-telaDadosSeguradoContinuar",
    "12": "#gtm-telaGaragemResidenciaContinuar",
    "13": "#gtm-telaUsoResidentesContinuar",
}
FUELS = ["Flex", "Gasolina", "Álcool", "Diesel", "Híbrido", "Elétrico"]
USES = {"Pessoal": "Particular", "Motorista de aplicativo": "Motorista de App"}


class ClickingVisitor:
    """Walks the pages with clicks and keys; `answers` are the visitor's."""

    def __init__(self, page: Page, **answers: Any) -> None:
        self.page, self.answers = page, PERSON | answers

    def open(self, address: str) -> None:
        """Open a start address and wait for screen 1."""
        self.page.goto(address)
        self.see("1")

    def see(self, screen: str) -> None:
        """Wait until a screen is there and nothing covers it."""
        self.page.locator(MARKS[screen]).wait_for()

    def go(self, screen: str) -> None:
        """Click the screen's Continuar."""
        self.page.locator(CONTINUE.get(screen, MARKS[screen])).click()

    def walk(self, until: str, *, skip: tuple[str, ...] = ("14",), since: str = "1") -> None:
        """Answer the screens from `since` on and stop on `until`, unanswered."""
        way = [screen for screen in SCREENS if screen not in skip]
        for screen in way[way.index(since) : way.index(until)]:
            self.see(screen)
            self.answer(screen)
            if screen != "1":
                self.go(screen)
        self.see(until)

    def answer(self, screen: str) -> None:
        """Fill one screen."""
        steps: dict[str, Callable[[], None]] = {
            "1": self._kind,
            "2": lambda: self.page.fill("#placaTelaDadosPlaca", self.answers["placa"]),
            "3": lambda: self.choose("confirmarVeiculoTelaInformacoesVeiculo", "Sim"),
            "4": lambda: self._yes_no("jaSeguradoTelaRenovacao", "veiculo_segurado"),
            "5.5": lambda: self.choose(
                "zerokmTelaZeroKm", "Sim" if self.answers["zero_km"] else "Não"
            ),
            "6": self._items,
            "7": self._address,
            "8": self._use,
            "9": self._insured,
            "10": self._driver,
            "11": self._activity,
            "12": self._garage,
            "13": self._young,
            "14": lambda: self._yes_no(
                "corretorAnteriorTelaCorretorAnterior", "continuar_com_corretor_anterior"
            ),
        }
        steps.get(screen, lambda: None)()

    def choose(self, group: str, value: str) -> None:
        """Click the label of a radio and see that it took."""
        radio = f'input[value="{value}"]'
        self.page.locator(f"div#{group} label:has(> span > {radio})").click()
        assert self.page.locator(f"div#{group} {radio}").is_checked()

    def pick(self, box: str, text: str) -> None:
        """Open a listbox, pick an option, wait until the popup is gone."""
        self.page.locator(f"#{box}").click()
        self.page.get_by_role("option", name=text, exact=True).click()
        self.page.locator("ul[role=listbox]").wait_for(state="detached")

    def log_in(self, email: str = DEFAULT_EMAIL, password: str = DEFAULT_PASSWORD) -> None:
        """Fill the login modal when it comes, and send it."""
        self.page.locator("#emailTelaLogin").wait_for()
        self.page.fill("#emailTelaLogin", email)
        self.page.fill("#senhaTelaLogin", password)
        self.page.click("#gtm-telaLoginBotaoAcessar")

    def _kind(self) -> None:
        name = "motorcycle" if self.answers["tipo_veiculo"] == "moto" else "car"
        self.page.click(f'button:has(img[alt="Icone {name}"])')

    def _yes_no(self, group: str, name: str) -> None:
        self.choose(group, "sim" if self.answers[name] else "nao")

    def _items(self) -> None:
        fuel = str(FUELS.index(self.answers["combustivel"]) + 1)
        self.choose("tipoCombustivelTelaItens", fuel)
        for name, value in (("kit_gas", "Kit Gás"), ("blindado", "Blindado")):
            if self.answers.get(name):
                self._tick(value)
        if self.answers["financiado"]:
            self._tick("Financiado")

    def _tick(self, value: str) -> None:
        box = f'input[type=checkbox][value="{value}"]'
        self.page.locator(f"label:has(> span > {box})").click()
        assert self.page.locator(box).is_checked()

    def _address(self) -> None:
        self.page.fill("#enderecoTelaEndereco", self.answers["cep"])
        self.page.click("div[role=option]#enderecoTelaEndereco-option-0")
        assert "/" in self.page.input_value("#enderecoTelaEndereco")

    def _use(self) -> None:
        use = self.answers["uso_veiculo"]
        self.choose("finalidadeVeiculoTelaUsoVeiculo", str(USES.get(use, use)))

    def _person(self, room: str, suffix: str) -> None:
        self.page.fill(f"#nome{room}", self.answers[f"nome{suffix}"])
        self.page.fill(f"#cpf{room}", self.answers[f"cpf{suffix}"])
        self.page.fill(f"#dataNascimento{room}", self.answers[f"data_nascimento{suffix}"])
        self.pick(f"sexo{room}", self.answers[f"sexo{suffix}"])
        self.pick(f"estadoCivil{room}", self.answers[f"estado_civil{suffix}"])

    def _insured(self) -> None:
        self._person("TelaSegurado", "")
        self.page.fill("#emailTelaSegurado", self.answers["email"])
        self.page.locator("#celularTelaSegurado").press_sequentially(self.answers["celular"])

    def _driver(self) -> None:
        self._yes_no("condutorPrincipalTelaCondutorPrincipal", "condutor_principal")
        if not self.answers["condutor_principal"]:
            self._person("TelaCondutorPrincipal", "_condutor")

    def _activity(self) -> None:
        group = self.page.locator("#atividadeVeiculoTelaAtividadeVeiculo")
        for value, name in (("trabalho", "local_de_trabalho"), ("estudo", "local_de_estudo")):
            if self.answers[name]:
                self._tick(value)
                block = group.locator("> *").filter(has=self.page.locator(f"[value={value}]"))
                switch = block.locator("input:not([value])")
                switch.wait_for(state="attached")
                if self.answers[f"estacionamento_proprio_{name}"]:
                    block.locator("label:has(> span > input:not([value]))").click()
                    assert switch.is_checked()

    def _garage(self) -> None:
        self._yes_no("possuiGaragemTelaGaragemResidencia", "garagem_residencia")
        if self.answers["garagem_residencia"]:
            gate = str(self.answers["portao_eletronico"]).lower()
            self.choose("tipoPortaoTelaGaragemResidencia", gate)

    def _young(self) -> None:
        texts = ["reside_18_26", "sexo_do_menor", "faixa_etaria_menor_mais_novo"]
        wanted = texts if self.answers["reside_18_26"].startswith("Sim e") else texts[:1]
        for name in wanted:
            exact = re.compile(f"^{re.escape(self.answers[name])}$")
            self.page.locator("label label", has=self.page.locator("p", has_text=exact)).click()


class PlainVisitor:
    """Says to the replica what its page would say; `send` carries one call and its answer.

    The answers are dicts with the HTTP status as `status`.
    """

    def __init__(self, send: Callable[[str, Answers], Answers], query: str = "") -> None:
        self._send = send
        self._run: str | None = None
        self.start = self.call("inicio", busca=query)
        self._run = self.start.get("run")

    @classmethod
    def by_http(cls, origin: str, query: str = "") -> Self:
        """A visitor of a replica that serves."""
        address = urlsplit(origin)

        def send(door: str, data: Answers) -> Answers:
            connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
            connection.request("POST", f"/api/{door}", json.dumps(data))
            answer = connection.getresponse()
            body = json.loads(answer.read())
            connection.close()
            return {"status": answer.status, **body}

        return cls(send, query)

    @classmethod
    def of(cls, site: Site, query: str = "") -> Self:
        """A visitor of the bare business, without a server and without its waits."""

        def send(door: str, data: Answers) -> Answers:
            reply = site.answer(door, data)
            site.settle(reply)
            return {"status": reply.status, **reply.body}

        return cls(send, query)

    def call(self, door: str, **data: Any) -> Answers:
        """One call of the page."""
        return self._send(door, {"run": self._run, **data})

    def advance(self, screen: str, **raw: Any) -> Answers:
        """Continuar on a screen: the usual raw answers, with `raw` over them."""
        if screen == "5" and self.call("estimativa")["cartoes"] is None:
            return {"tela": None}
        if screen == "7":
            found = self.call("enderecos", cep="01310100")["enderecos"]
            raw = {"cep": "01310100", "enderecoTelaEndereco": found[0]["completo"]} | raw
        return self.call("avancar", tela=screen, respostas=RAW.get(screen, {}) | raw)

    def walk(self, plate: str = "XYZ1D23", until: str = "15", kind: str = "carro") -> Answers:
        """Answer every screen that comes, until `until` or a refusal; gives the last answer.

        After a server error it tries once more, as the dialog offers.
        """
        answer = self.start
        while answer.get("tela") not in (until, None):
            screen = answer["tela"]
            extra = {"1": {"tipoSeguro": kind}, "2": {"placaTelaDadosPlaca": plate}}
            answer = self.advance(screen, **extra.get(screen, {}))
            if answer.get("status") == 500:
                answer = self.advance(screen, **extra.get(screen, {}))
        return answer


def arrive(page: Page, site: Replica, screen: str, query: str = "", kind: str = "carro") -> None:
    """Open the site on a screen: the screens before it are answered without the page.

    The page's first call is answered with a run that is already there, so that page and server
    are in the very state that clicks would have brought about, at a tenth of the time.
    """

    def begin(route: Route) -> None:
        visitor = PlainVisitor.of(site.business, query)
        body = visitor.start | visitor.walk(until=screen, kind=kind)
        del body["status"]
        route.fulfill(json=body)

    page.route("**/api/inicio", begin, times=1)
    page.goto(site.url + query)
    page.locator(MARKS[screen]).wait_for()


def hold(page: Page, door: str) -> Callable[[], None]:
    """Keep the next call of a door back until what is returned is called."""
    held: list[Route] = []
    page.route(f"**/api/{door}", lambda route: held.append(route), times=1)
    return lambda: held.pop().continue_()


def labels_of(page: Page, group: str) -> Locator:
    """The inner labels of a group, which are what a person clicks."""
    return page.locator(f"div#{group} label label")


def is_under_something(locator: Locator) -> bool:
    """Whether another element would catch a click in the middle of this one."""
    script = """node => {
        const {left, top, width, height} = node.getBoundingClientRect();
        const hit = document.elementFromPoint(left + width / 2, top + height / 2);
        return !node.contains(hit);
    }"""
    return bool(locator.evaluate(script))


RAW: dict[str, Answers] = {
    "1": {"tipoSeguro": "carro"},
    "2": {"placaTelaDadosPlaca": "XYZ-1D23"},
    "3": {"confirmarVeiculoTelaInformacoesVeiculo": "Sim"},
    "4": {"jaSeguradoTelaRenovacao": "nao"},
    "5.5": {"zerokmTelaZeroKm": "Não"},
    "6": {"tipoCombustivelTelaItens": "1", "outrosTelaItens": []},
    "8": {"finalidadeVeiculoTelaUsoVeiculo": "Particular"},
    "9": {
        "nomeTelaSegurado": PERSON["nome"],
        "cpfTelaSegurado": PERSON["cpf"],
        "dataNascimentoTelaSegurado": PERSON["data_nascimento"],
        "sexoTelaSegurado": PERSON["sexo"],
        "estadoCivilTelaSegurado": PERSON["estado_civil"],
        "emailTelaSegurado": PERSON["email"],
        "celularTelaSegurado": "(11) 98765-4321",
    },
    "10": {"condutorPrincipalTelaCondutorPrincipal": "sim"},
    "11": {"atividadeVeiculoTelaAtividadeVeiculo": [], "estacionamento": []},
    "12": {"possuiGaragemTelaGaragemResidencia": "nao"},
    "13": {"usoDependenteTelaUsoResidentes": "nao"},
    "14": {"corretorAnteriorTelaCorretorAnterior": "nao"},
}
