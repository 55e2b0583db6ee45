/* Leaves nothing of one person to the next: an empty form whenever the page is shown again, and
   the thanks clear themselves unless they are kept. */
(function () {
  "use strict";
  var form = document.getElementById("join-form"), next = document.getElementById("next-person");
  try { window.sessionStorage.clear(); window.localStorage.clear(); } catch (error) { /* kept by nobody then */ }

  window.addEventListener("pageshow", function (event) {
    // Out of the browser's memory of pages: what stands there was typed by somebody else.
    if (event.persisted) { window.location.reload(); }
  });
  if (form && !document.getElementById("error-summary")) { form.reset(); }

  if (!next) { return; }
  var said = document.getElementById("window-countdown"), stay = document.getElementById("window-stay");
  var left = Number(said.dataset.seconds);
  said.hidden = stay.hidden = false;
  function show() { said.textContent = said.dataset.text.replace("{count}", left); }
  var clock = setInterval(function () {
    left -= 1;
    show();
    if (left <= 0) { clearInterval(clock); window.location.replace(next.href); }
  }, 1000);
  stay.addEventListener("click", function () { clearInterval(clock); said.hidden = stay.hidden = true; });
  next.addEventListener("click", function (event) { event.preventDefault(); window.location.replace(next.href); });
  show();
})();
