"""What a visitor reads beside a field: one sentence a field and reason, Portuguese and English.

1. A sentence says what to do; it never repeats the value.
2. Every field of the model has one (a test compares), reasons without their own get the field's.
"""

from __future__ import annotations

from runner.automation import Language

# field → what it is called, after "Informe" / "Please give".
_NAMES: dict[str, tuple[str, str]] = {
    "tipo_veiculo": ("o tipo do veículo", "the kind of vehicle"),
    "placa": ("a placa do veículo", "the licence plate"),
    "zero_km": ("se o veículo é zero km", "whether the vehicle is new"),
    "combustivel": ("o combustível do veículo", "the vehicle's fuel"),
    "kit_gas": ("se o veículo tem kit gás", "whether the vehicle has a gas kit"),
    "blindado": ("se o veículo é blindado", "whether the vehicle is armoured"),
    "financiado": ("se o veículo é financiado", "whether the vehicle is financed"),
    "veiculo_segurado": ("se o veículo já tem seguro", "whether the vehicle is insured"),
    "cep": ("o CEP", "the postal code (CEP)"),
    "uso_veiculo": ("o uso do veículo", "what the vehicle is used for"),
    "nome": ("o nome completo", "the full name"),
    "cpf": ("o CPF", "the CPF"),
    "data_nascimento": ("a data de nascimento", "the date of birth"),
    "sexo": ("o sexo", "the sex"),
    "estado_civil": ("o estado civil", "the marital status"),
    "email": ("o e-mail", "the e-mail address"),
    "celular": ("o celular com DDD", "the mobile number with area code"),
    "condutor_principal": (
        "se o segurado é o condutor principal",
        "whether the insured is the main driver",
    ),
    "nome_condutor": ("o nome do condutor principal", "the main driver's name"),
    "cpf_condutor": ("o CPF do condutor principal", "the main driver's CPF"),
    "data_nascimento_condutor": (
        "a data de nascimento do condutor principal",
        "the main driver's date of birth",
    ),
    "sexo_condutor": ("o sexo do condutor principal", "the main driver's sex"),
    "estado_civil_condutor": (
        "o estado civil do condutor principal",
        "the main driver's marital status",
    ),
    "local_de_trabalho": (
        "se o veículo é usado para ir ao trabalho",
        "whether the vehicle is driven to work",
    ),
    "local_de_estudo": (
        "se o veículo é usado para ir ao local de estudo",
        "whether the vehicle is driven to school",
    ),
    "estacionamento_proprio_local_de_trabalho": (
        "se há estacionamento próprio no trabalho",
        "whether there is parking at work",
    ),
    "estacionamento_proprio_local_de_estudo": (
        "se há estacionamento próprio no local de estudo",
        "whether there is parking at school",
    ),
    "garagem_residencia": ("se há garagem na residência", "whether there is a garage at home"),
    "portao_eletronico": ("o tipo do portão da garagem", "the kind of the garage's gate"),
    "reside_18_26": (
        "se alguém de 18 a 26 anos reside com você",
        "whether anyone aged 18 to 26 lives with you",
    ),
    "sexo_do_menor": ("o sexo do residente mais novo", "the youngest resident's sex"),
    "faixa_etaria_menor_mais_novo": (
        "a faixa etária do residente mais novo",
        "the youngest resident's age band",
    ),
    "continuar_com_corretor_anterior": (
        "se deseja continuar com o corretor anterior",
        "whether to stay with the earlier broker",
    ),
}

# (field, reason) → the whole sentence; ("*", reason) for any field.
_SENTENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("placa", "invalid"): (
        "Placa inválida: use o formato ABC1D23 ou ABC1234",
        "Invalid licence plate: use the form ABC1D23 or ABC1234",
    ),
    ("cpf", "invalid"): (
        "CPF inválido: confira os 11 dígitos",
        "Invalid CPF: check its 11 digits",
    ),
    ("cpf_condutor", "invalid"): (
        "CPF do condutor inválido: confira os 11 dígitos",
        "Invalid CPF of the driver: check its 11 digits",
    ),
    ("cep", "invalid"): (
        "CEP inválido: confira os 8 dígitos",
        "Invalid postal code: check its 8 digits",
    ),
    ("celular", "invalid"): (
        "Celular inválido: informe o DDD e os 9 dígitos",
        "Invalid mobile number: give the area code and nine digits",
    ),
    ("email", "invalid"): (
        "E-mail inválido: confira o endereço",
        "Invalid e-mail address: please check it",
    ),
    ("nome", "invalid"): (
        "Nome inválido: use apenas letras",
        "Invalid name: use letters only",
    ),
    ("nome_condutor", "invalid"): (
        "Nome do condutor inválido: use apenas letras",
        "Invalid name of the driver: use letters only",
    ),
    ("data_nascimento", "invalid"): (
        "Data de nascimento inválida: use DD/MM/AAAA",
        "Invalid date of birth: use DD/MM/YYYY",
    ),
    ("data_nascimento_condutor", "invalid"): (
        "Data de nascimento do condutor inválida: use DD/MM/AAAA",
        "Invalid date of birth of the driver: use DD/MM/YYYY",
    ),
    ("data_nascimento", "age"): (
        "É preciso ter entre 18 e 120 anos: confira a data de nascimento",
        "The age must be between 18 and 120: check the date of birth",
    ),
    ("data_nascimento_condutor", "age"): (
        "O condutor precisa ter entre 18 e 120 anos: confira a data de nascimento",
        "The driver's age must be between 18 and 120: check the date of birth",
    ),
    ("portao_eletronico", "contradiction"): (
        "Com garagem na residência, informe se o portão é eletrônico ou manual",
        "With a garage at home, say whether its gate is electric or manual",
    ),
}


def sentence(field: str, reason: str, language: Language) -> str:
    """The sentence for a wrong field; `reason` as in spelling, or "missing", or pydantic's type."""
    special = _SENTENCES.get((field, reason))
    if special is None and reason != "missing":
        special = _SENTENCES.get((field, "invalid"))
    portuguese, english = special or _plain(field, reason)
    return portuguese if language == "pt" else english


def _plain(field: str, reason: str) -> tuple[str, str]:
    if field not in _NAMES:
        return ("Valor inválido", "Invalid value")
    portuguese, english = _NAMES[field]
    if reason == "missing":
        return (f"Informe {portuguese}", f"Please give {english}")
    return (
        f"Resposta não reconhecida: informe {portuguese}",
        f"Answer not recognised: please give {english}",
    )
