/* The next level appears as soon as one is chosen; the browser's position where it is allowed.
   Without this file there is a button for each step. */
(function () {
  "use strict";

  function liven() {
    var where = document.getElementById("where-form");
    if (!where) { return; }
    document.getElementById("where-next").hidden = true;
    where.addEventListener("change", function (event) {
      var selects = Array.prototype.slice.call(where.querySelectorAll("select"));
      var chosen = selects.indexOf(event.target);
      // What hung below the choice before belongs to another place.
      selects.slice(chosen + 1).forEach(function (select) { select.value = ""; });
      swap(where.action.split("#")[0] + "?" + new URLSearchParams(new FormData(where)), event.target.id, where);
    });
    livenPosition();
  }

  function swap(address, focused, form) {
    fetch(address, { credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.text();
      })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("which");
        document.getElementById("which").replaceWith(fresh);
        window.history.replaceState(null, "", address + "#which");
        var again = document.getElementById(focused);
        if (again) { again.focus({ preventScroll: true }); }
        liven();
      })
      .catch(function () { form.submit(); });
  }

  function livenPosition() {
    var form = document.getElementById("position-form");
    if (!form || !navigator.geolocation || !window.isSecureContext) { return; }
    var button = document.getElementById("use-position"), said = document.getElementById("position-said");
    form.hidden = false;
    button.addEventListener("click", function () {
      button.disabled = true;
      navigator.geolocation.getCurrentPosition(function (found) {
        form.elements.longitude.value = found.coords.longitude;
        form.elements.latitude.value = found.coords.latitude;
        form.submit();
      }, function () {
        button.disabled = false;
        said.textContent = form.dataset.failed;
      }, { timeout: 10000, maximumAge: 600000 });
    });
  }

  liven();
})();
