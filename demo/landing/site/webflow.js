/* Stands in for Webflow's own webflow.js: one jQuery submit handler, bound on document, posts the lead
 * to the site's own API and then shows .w-form-done or .w-form-fail. Nothing here knows the snippet. */
(function ($) {
  "use strict";

  $(document).on("submit", ".w-form form", function (event) {
    event.preventDefault();
    const form = $(this);
    const [done, fail] = [form.siblings(".w-form-done"), form.siblings(".w-form-fail")];
    const button = form.find("input[type=submit]");
    if (button.prop("disabled")) return;

    const words = button.val();
    const fields = {};
    for (const { name, value } of form.serializeArray()) fields[name] = value;
    button.prop("disabled", true).val(button.data("wait"));
    fail.hide();
    $.ajax({ url: "/lead", method: "POST", dataType: "json", data: { name: form.data("name"), fields } })
      .done(() => {
        form.hide();
        done.show();
      })
      .fail(() => fail.show())
      .always(() => button.prop("disabled", false).val(words));
  });
})(jQuery);
