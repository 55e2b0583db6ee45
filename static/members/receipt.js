/* Copies the receipt number where the browser allows it. */
(function () {
  "use strict";
  var button = document.getElementById("copy-receipt");
  if (!button || !navigator.clipboard) { return; }
  button.hidden = false;
  button.addEventListener("click", function () {
    navigator.clipboard.writeText(document.getElementById("receipt-number").textContent.trim()).then(function () {
      button.textContent = button.dataset.done;
    });
  });
})();
