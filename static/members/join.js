/* Hints while typing. Nothing leaves the page; the form works the same without this file. */
(function () {
  "use strict";
  var WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  var form = document.querySelector(".join-form");
  var idType = document.getElementById("id_id_type");
  var idNumber = document.getElementById("id_id_number");
  var phone = document.getElementById("id_phone");

  function plain(text) {
    return text
      .replace(/[\uff01-\uff5e]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 0xfee0); })
      .replace(/[\s\u3000\u200b\-\u2010-\u2015]/g, "")
      .toUpperCase();
  }

  function isCitizenNumber(number) {
    if (!/^\d{17}[\dX]$/.test(number)) { return false; }
    var sum = WEIGHTS.reduce(function (total, weight, i) { return total + weight * Number(number[i]); }, 0);
    var month = Number(number.slice(10, 12)), day = Number(number.slice(12, 14));
    var date = new Date(Number(number.slice(6, 10)), month - 1, day);
    return "10X98765432"[sum % 11] === number[17] && date.getMonth() === month - 1 && date.getDate() === day;
  }

  function show(input, id, message, isFine) {
    var hint = document.getElementById(id);
    hint.hidden = !message;
    hint.textContent = message || "";
    hint.classList.toggle("is-fine", Boolean(isFine));
    if (isFine) { clearError(input); }
  }

  function clearError(input) {
    var error = document.getElementById(input.id + "_error");
    if (error) { error.remove(); input.removeAttribute("aria-invalid"); }
  }

  function checkNumber() {
    var number = plain(idNumber.value), hint = document.getElementById("id_number_live").dataset;
    if (!number || (idType.value !== "resident_id" && idType.value !== "hmt_residence_permit")) {
      show(idNumber, "id_number_live", "");
    } else if (number.length !== 18) {
      show(idNumber, "id_number_live", hint.length.replace("{count}", number.length));
    } else if (!isCitizenNumber(number)) {
      show(idNumber, "id_number_live", hint.wrong);
    } else {
      show(idNumber, "id_number_live", hint.fine, true);
    }
  }

  function checkPhone() {
    var number = plain(phone.value).replace(/^(\+86|0086)/, ""), hint = document.getElementById("phone_live").dataset;
    if (!number || number[0] === "+") { show(phone, "phone_live", ""); return; }
    var isFine = /^1\d{10}$/.test(number);
    show(phone, "phone_live", isFine ? hint.fine : hint.wrong, isFine);
  }

  function liven(input, check) {
    input.addEventListener("blur", check);
    input.addEventListener("input", function () {
      // While somebody types for the first time there is nothing to complain about yet.
      if (!document.getElementById(input.id.replace("id_", "") + "_live").hidden || plain(input.value).length >= (input === phone ? 11 : 18)) { check(); }
    });
  }

  liven(idNumber, checkNumber);
  liven(phone, checkPhone);
  idType.addEventListener("change", checkNumber);

  // A choice made leaves its complaint behind at once.
  form.addEventListener("change", function (event) {
    var input = event.target;
    if (input.type === "radio") { clearError(document.getElementById("id_worker_group")); }
    if (input.type === "checkbox" && input.checked) { clearError(input); }
  });

  var button = form.querySelector(".send"), label = button.textContent;
  form.addEventListener("submit", function () {
    button.textContent = form.dataset.sending;
    // After the browser has read the form: a disabled button must not stop this very sending.
    setTimeout(function () { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", function () {
    button.disabled = false;
    button.textContent = label;
  });

  var summary = document.getElementById("error-summary");
  if (summary) { summary.focus(); }
})();
