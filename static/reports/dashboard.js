/* The button that prints. The charts are drawn by charts.js, the blocks fetched by htmx. */
"use strict";

(() => {
  const print = document.getElementById("print-page");
  if (!print) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print());
})();
