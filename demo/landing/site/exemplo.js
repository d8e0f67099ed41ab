/* For people who try the demo: an invented person at one click, and a plate from the address (?placa=). */
(function ($) {
  "use strict";

  const plate = new URLSearchParams(location.search).get("placa");
  const person = {
    NOME: "Helena Exemplo de Souza",
    CPF: "123.456.789-09",
    PLACA: plate || "EXE-1A23",
    CEP: "01001-000",
    email: "helena@example.com",
    "DDD-CELULAR": "11",
    CELULAR: "90000-0000",
    "DATA-DE-NASCIMENTO": "14/03/1988",
    SEXO: "Feminino",
    "ESTADO-CIVIL": "Solteiro",
  };
  const fill = (name, value) => $("#cotacao").find(`[name="${name}"]`).val(value);

  if (plate) fill("PLACA", plate);
  $("#exemplo").on("click", () => {
    Object.entries(person).forEach(([name, value]) => fill(name, value));
    $("#cotacao input[type=submit]").trigger("focus");
  });
})(jQuery);
