/* The QR code of a mobile window leads here with the receipt number behind "#", which no server is
   sent: it goes into its box and out of the address. */
(function () {
  "use strict";
  var box = document.getElementById("id_receipt_number"), number = decodeURIComponent(window.location.hash.slice(1));
  if (!box || !/^[A-Z0-9-]{12,16}$/.test(number)) { return; }
  if (!box.value) { box.value = number; }
  window.history.replaceState(null, "", window.location.pathname);
})();
