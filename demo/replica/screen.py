"""What each screen asks, and how its raw answers become the visitor's answers.

1. The page sends what its fields hold, by field id; this room turns it into the visitor's names
   and bare values, or into errors by field id. Nothing else of the page is believed.
2. A question that was not shown leaves no answer: a key is in the record only when somebody
   answered it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .check import (
    Refused,
    choice_of,
    read_birth,
    read_cep,
    read_cpf,
    read_email,
    read_mobile,
    read_name,
    read_plate,
)

Raw = Mapping[str, Any]

SIM_NAO = {"sim": True, "nao": False}
FUELS = {
    "1": "Flex",
    "2": "Gasolina",
    "3": "Álcool",
    "4": "Diesel",
    "5": "Híbrido",
    "6": "Elétrico",
}
USES = {
    "Particular": "Pessoal",
    "Profissional": "Profissional",
    "Motorista de App": "Motorista de aplicativo",
    "Taxi": "Taxi",
}
SEXES = {name: name for name in ("Feminino", "Masculino")}
MARITAL = {
    name: name
    for name in (
        "Casado ou União Estável",
        "Divorciado",
        "Separado",
        "Solteiro",
        "Viúvo",
    )
}
GATES = {"eletronico": "Eletronico", "manual": "Manual"}
# Of the values of 13 and 14 nobody is certain: the site written in another way has the second ones.
YOUNG = {
    "nao": "Não",
    "sim_nao_utilizam": "Sim, mas não utilizam o veículo",
    "sim_utilizam": "Sim e utilizam o veículo",
}
YOUNG |= dict(zip(("0", "1", "2"), YOUNG.values(), strict=True))
YOUNG_SEX = {"feminino": "Feminino", "masculino": "Masculino", "ambos": "Ambos"}
YOUNG_SEX |= dict(zip("FMA", YOUNG_SEX.values(), strict=True))
YOUNG_AGE = {"18_24": "18 a 24 anos", "25": "25 anos"}
YOUNG_AGE |= dict(zip("AB", YOUNG_AGE.values(), strict=True))
STAYS = SIM_NAO | {"1": True, "2": False}
BOXES = {"Kit Gás": "kit_gas", "Blindado": "blindado", "Financiado": "financiado"}
PLACES = {"trabalho": "local_de_trabalho", "estudo": "local_de_estudo"}


@dataclass(slots=True)
class Reading:
    """The answers of one screen as far as they were accepted, and an error by refused field."""

    answers: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def take(self, raw: Raw, name: str, field_id: str, read: Callable[[str], Any]) -> None:
        """Read one field into the answer `name`, or note why it was refused."""
        value = raw.get(field_id)
        try:
            self.answers[name] = read(value if isinstance(value, str) else "")
        except Refused as error:
            self.errors[field_id] = str(error)


def read_screen(screen: str, raw: Raw, kind: str) -> Reading:
    """Read the answers of one screen; `kind` is `carro` or `moto`."""
    reading = Reading()
    if screen == "6":
        _read_items(reading, raw, kind)
    elif screen in _READERS:
        _READERS[screen](reading, raw)
    return reading


def _read_kind(reading: Reading, raw: Raw) -> None:
    kinds = {"carro": "carro", "moto": "moto"}
    reading.take(raw, "tipo_veiculo", "tipoSeguro", choice_of(kinds))
    if reading.errors:
        reading.errors["tipoSeguro"] = "Este seguro ainda não está disponível por aqui."


def _read_plate(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "placa", "placaTelaDadosPlaca", read_plate)


def _read_vehicle(reading: Reading, raw: Raw) -> None:
    group = "confirmarVeiculoTelaInformacoesVeiculo"
    reading.take(raw, "_confirmado", group, choice_of({"Sim": True, "Não": False}))
    if reading.answers.get("_confirmado") is False:
        reading.errors[group] = "Sem confirmar o veículo não é possível continuar."


def _read_renewal(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "veiculo_segurado", "jaSeguradoTelaRenovacao", choice_of(SIM_NAO))
    # It may stay empty, and no visitor is asked for it: whoever fills it is seen in the record.
    if insurer := raw.get("seguradoraTelaRenovacao"):
        reading.answers["seguradora"] = str(insurer)


def _read_new(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "zero_km", "zerokmTelaZeroKm", choice_of({"Sim": True, "Não": False}))


def _read_items(reading: Reading, raw: Raw, kind: str) -> None:
    reading.take(raw, "combustivel", "tipoCombustivelTelaItens", choice_of(FUELS))
    ticked = _list(raw, "outrosTelaItens")
    for value, name in BOXES.items():
        if kind == "moto" and name == "kit_gas":
            continue  # the box is not on the page
        reading.answers[name] = value in ticked


def _read_address(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "cep", "cep", read_cep)
    reading.take(raw, "_endereco", "enderecoTelaEndereco", str)
    if reading.errors:
        reading.errors = {"enderecoTelaEndereco": "Selecione um endereço da lista"}


def _read_use(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "uso_veiculo", "finalidadeVeiculoTelaUsoVeiculo", choice_of(USES))


def _read_person(reading: Reading, raw: Raw, room: str, suffix: str) -> None:
    reading.take(raw, f"nome{suffix}", f"nome{room}", read_name)
    reading.take(raw, f"cpf{suffix}", f"cpf{room}", read_cpf)
    reading.take(raw, f"data_nascimento{suffix}", f"dataNascimento{room}", read_birth)
    reading.take(raw, f"sexo{suffix}", f"sexo{room}", choice_of(SEXES))
    reading.take(raw, f"estado_civil{suffix}", f"estadoCivil{room}", choice_of(MARITAL))


def _read_insured(reading: Reading, raw: Raw) -> None:
    _read_person(reading, raw, "TelaSegurado", "")
    reading.take(raw, "email", "emailTelaSegurado", read_email)
    reading.take(raw, "celular", "celularTelaSegurado", read_mobile)


def _read_driver(reading: Reading, raw: Raw) -> None:
    group = "condutorPrincipalTelaCondutorPrincipal"
    reading.take(raw, "condutor_principal", group, choice_of(SIM_NAO))
    if reading.answers.get("condutor_principal") is False:
        _read_person(reading, raw, "TelaCondutorPrincipal", "_condutor")


def _read_activity(reading: Reading, raw: Raw) -> None:
    ticked = _list(raw, "atividadeVeiculoTelaAtividadeVeiculo")
    parking = _list(raw, "estacionamento")
    for value, name in PLACES.items():
        reading.answers[name] = value in ticked
        if value in ticked:
            reading.answers[f"estacionamento_proprio_{name}"] = value in parking


def _read_garage(reading: Reading, raw: Raw) -> None:
    group = "possuiGaragemTelaGaragemResidencia"
    reading.take(raw, "garagem_residencia", group, choice_of(SIM_NAO))
    if reading.answers.get("garagem_residencia"):
        gate = "tipoPortaoTelaGaragemResidencia"
        reading.take(raw, "portao_eletronico", gate, choice_of(GATES))


def _read_young(reading: Reading, raw: Raw) -> None:
    reading.take(raw, "reside_18_26", "usoDependenteTelaUsoResidentes", choice_of(YOUNG))
    if reading.answers.get("reside_18_26") == YOUNG["sim_utilizam"]:
        sex = "sexoDependenteTelaUsoResidentes"
        age = "faixaEtariaDependenteTelaUsoResidentes"
        reading.take(raw, "sexo_do_menor", sex, choice_of(YOUNG_SEX))
        reading.take(raw, "faixa_etaria_menor_mais_novo", age, choice_of(YOUNG_AGE))


def _read_broker(reading: Reading, raw: Raw) -> None:
    group = "corretorAnteriorTelaCorretorAnterior"
    reading.take(raw, "continuar_com_corretor_anterior", group, choice_of(STAYS))


def _list(raw: Raw, name: str) -> list[str]:
    values = raw.get(name)
    return [str(value) for value in values] if isinstance(values, list) else []


_READERS: Mapping[str, Callable[[Reading, Raw], None]] = {
    "1": _read_kind,
    "2": _read_plate,
    "3": _read_vehicle,
    "4": _read_renewal,
    "5.5": _read_new,
    "7": _read_address,
    "8": _read_use,
    "9": _read_insured,
    "10": _read_driver,
    "11": _read_activity,
    "12": _read_garage,
    "13": _read_young,
    "14": _read_broker,
}
