// Adds up while shares are typed in; without it the button "Add up again" does the same.
"use strict";

(() => {
  const form = document.querySelector("[data-cascade]");
  const outcome = form && form.querySelector("[data-outcome]");
  if (!outcome) return;

  // Ten-thousandths, so that no binary fraction creeps in.
  const SCALE = 10000;
  const parse = (text) => {
    const clean = text.normalize("NFKC").replaceAll(",", "").trim();
    return /^\d{1,12}(\.\d{1,4})?$/.test(clean) ? Math.round(Number(clean) * SCALE) : 0;
  };
  const show = (scaled) =>
    (scaled / SCALE).toLocaleString(document.documentElement.lang || undefined, {
      maximumFractionDigits: 4,
    });
  const target = parse(form.dataset.target);
  const kept = [...form.querySelectorAll("[data-kept]")].reduce(
    (sum, cell) => sum + parse(cell.dataset.kept),
    0,
  );
  const inputs = [...form.querySelectorAll('input[name^="value_"]')];

  form.addEventListener("input", (event) => {
    if (!event.target.name || !event.target.name.startsWith("value_")) return;
    const total = inputs.reduce((sum, input) => sum + parse(input.value), kept);
    outcome.querySelector("[data-total]").textContent = show(total);
    outcome.querySelector("[data-difference]").textContent = show(total - target);
    outcome.classList.toggle("portal-note-warn", total !== target);
    outcome.classList.toggle("portal-note-good", total === target);
  });
})();
