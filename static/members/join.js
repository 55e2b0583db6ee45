/* One step at a time, and hints while typing. The form works the same without this file: then it
   is one page with three headings, and the server says what is missing. */
(function () {
  "use strict";
  var WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  var STEP_KEY = "join-step";
  var form, steps, dots, current;

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  // -- what a number looks like ------------------------------------------------------------------

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

  function numberHint() {
    var number = plain(field("id_number").value), type = field("id_type").value;
    var hint = document.getElementById("id_number_live").dataset;
    if (!number || (type !== "resident_id" && type !== "hmt_residence_permit")) { return null; }
    if (number.length !== 18) { return { text: hint.length.replace("{count}", number.length) }; }
    return isCitizenNumber(number) ? { text: hint.fine, isFine: true } : { text: hint.wrong };
  }

  function phoneHint() {
    var number = plain(field("phone").value).replace(/^(\+86|0086)/, ""), hint = document.getElementById("phone_live").dataset;
    if (!number || number[0] === "+") { return null; }
    return /^1\d{10}$/.test(number) ? { text: hint.fine, isFine: true } : { text: hint.wrong };
  }

  var HINTS = { id_number: numberHint, phone: phoneHint };

  function field(name) { return document.getElementById("id_" + name); }

  function showHint(name) {
    var place = document.getElementById(name + "_live"), hint = HINTS[name]();
    place.hidden = !hint;
    place.textContent = hint ? hint.text : "";
    place.classList.toggle("is-fine", Boolean(hint && hint.isFine));
    if (hint && hint.isFine) { clearError(field(name)); }
  }

  function livenHints() {
    each(["id_number", "phone"], function (name) {
      var input = field(name), whole = name === "phone" ? 11 : 18;
      input.addEventListener("blur", function () { showHint(name); });
      input.addEventListener("input", function () {
        // While somebody types for the first time there is nothing to complain about yet.
        if (!document.getElementById(name + "_live").hidden || plain(input.value).length >= whole) { showHint(name); }
      });
    });
    field("id_type").addEventListener("change", function () { showHint("id_number"); });
  }

  // -- what is missing ---------------------------------------------------------------------------

  function errorOf(input) { return document.getElementById(input.id + "_error"); }

  function clearError(input) {
    var error = errorOf(input);
    if (!error) { return; }
    error.parentNode.removeChild(error);
    input.removeAttribute("aria-invalid");
    var described = (input.getAttribute("aria-describedby") || "").split(" ").filter(function (id) { return id !== error.id; });
    if (described.join("")) { input.setAttribute("aria-describedby", described.join(" ")); } else { input.removeAttribute("aria-describedby"); }
  }

  function showError(place, input, text) {
    clearError(input);
    var error = document.createElement("p");
    error.className = "field-error";
    error.id = input.id + "_error";
    error.textContent = text;
    place.appendChild(error);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", ((input.getAttribute("aria-describedby") || "") + " " + error.id).trim());
  }

  // The box that carries the message: the group itself where a choice is missing.
  function boxOf(place) { return place.tagName === "FIELDSET" ? place : place.querySelector("input, select"); }

  function isMissing(place) {
    var radios = place.querySelectorAll("input[type=radio]"), box = boxOf(place);
    if (radios.length) { return !place.querySelector("input[type=radio]:checked"); }
    return box.type === "checkbox" ? !box.checked : !box.value.trim();
  }

  function check(step) {
    var first = null;
    each(step.querySelectorAll("[data-required]"), function (place) {
      var box = boxOf(place);
      if (isMissing(place)) {
        showError(place, box, place.dataset.required);
        first = first || box;
      }
    });
    each(["id_number", "phone"], function (name) {
      var input = field(name), hint = step.contains(input) && HINTS[name]();
      if (!hint || hint.isFine) { return; }
      showHint(name);
      // Said once. Who goes on all the same may be right: the server decides.
      if (input.dataset.warned !== input.value) {
        input.dataset.warned = input.value;
        first = first || input;
      }
    });
    if (first) {
      var target = first.tagName === "FIELDSET" ? first.querySelector("input") : first;
      target.focus();
      if (first.scrollIntoView) { first.scrollIntoView({ block: "center" }); }
    }
    return !first;
  }

  function livenErrors() {
    // A choice made, a box filled, leaves its complaint behind at once.
    function settle(event) {
      var place = event.target.closest("[data-required]");
      if (place && !isMissing(place)) { clearError(boxOf(place)); }
    }
    form.addEventListener("change", settle);
    form.addEventListener("input", settle);
  }

  // -- the steps ---------------------------------------------------------------------------------

  function remember(number) {
    try { window.sessionStorage.setItem(STEP_KEY, String(number)); } catch (error) { /* begins with 1 */ }
  }

  function remembered() {
    var number = 0;
    try { number = Number(window.sessionStorage.getItem(STEP_KEY)) || 0; } catch (error) { /* begins with 1 */ }
    number = Math.min(Math.max(number, 0), steps.length - 1);
    for (var i = 0; i < number; i += 1) {
      if (Array.prototype.some.call(steps[i].querySelectorAll("[data-required]"), isMissing)) { return i; }
    }
    return number;
  }

  function show(number) {
    current = number;
    each(steps, function (step, i) {
      step.hidden = i !== number;
      dots[i].classList.toggle("is-done", i < number);
      if (i === number) { dots[i].setAttribute("aria-current", "step"); } else { dots[i].removeAttribute("aria-current"); }
    });
    form.querySelector(".send-row").hidden = number !== steps.length - 1;
    remember(number);
  }

  function go(number) {
    show(number);
    var heading = steps[number].querySelector("h2"), live = document.getElementById("step-live");
    live.textContent = live.dataset.text.replace("{number}", number + 1).replace("{name}", heading.lastChild.textContent.trim());
    heading.focus({ preventScroll: true });
    form.scrollIntoView();
  }

  function next() {
    if (!check(steps[current])) { return; }
    // The phone's own "back" leads to the step before, not out of the form.
    window.history.pushState({ joinStep: current + 1 }, "", window.location.href);
    go(current + 1);
  }

  function back() {
    if (window.history.state && window.history.state.joinStep === current) { window.history.back(); } else { go(current - 1); }
  }

  function onEnter(event) {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || current === steps.length - 1) { return; }
    event.preventDefault();
    var boxes = Array.prototype.slice.call(steps[current].querySelectorAll("input:not([type=radio]), select"));
    var after = boxes[boxes.indexOf(event.target) + 1];
    if (after && event.target.type !== "radio") { after.focus(); } else { next(); }
  }

  function startSteps() {
    steps = form.querySelectorAll(".step");
    dots = form.querySelectorAll(".steps li");
    form.querySelector(".steps").hidden = false;
    each(form.querySelectorAll(".step-nav"), function (nav) { nav.hidden = false; });
    form.classList.add("has-steps");
    form.addEventListener("click", function (event) {
      var button = event.target.closest("[data-go]");
      if (button) { if (button.dataset.go === "next") { next(); } else { back(); } }
    });
    form.addEventListener("keydown", onEnter);
    form.addEventListener("join:forgotten", function () { go(0); });
    var wrong = form.querySelector(".step .field-error");
    show(wrong ? Array.prototype.indexOf.call(steps, wrong.closest(".step")) : remembered());
    window.history.replaceState({ joinStep: current }, "", window.location.href);
  }

  // A link of the error summary leads to a box of another step.
  function followLink(event) {
    var link = event.target.closest && event.target.closest("#error-summary a");
    var box = link && document.getElementById(link.hash.slice(1)), step = box && box.closest(".step");
    if (!step) { return; }
    event.preventDefault();
    show(Array.prototype.indexOf.call(steps, step));
    (box.tagName === "FIELDSET" ? box.querySelector("input") : box).focus();
    box.scrollIntoView({ block: "center" });
  }

  function start() {
    form = document.querySelector(".join-form");
    if (!form || !form.querySelector(".steps")) { return; }
    livenHints();
    livenErrors();
    startSteps();
    var said = document.getElementById("error-summary") || document.querySelector("main [autofocus]");
    if (said) { said.focus(); }
  }

  window.addEventListener("popstate", function (event) {
    if (form && event.state && typeof event.state.joinStep === "number") { go(event.state.joinStep); }
  });
  document.addEventListener("click", followLink);
  document.addEventListener("page:replaced", start);
  window.joinSteps = { check: function () { return check(steps[current]); } };
  start();
})();
