/* The address of a page of figures holds its state (reports/asking.py). What is chosen without
   leaving the page is put into the address, and from there into whatever leads to the page again:
   a choice never drops another that was made before it. And the button that prints. The charts are
   drawn by charts.js, the blocks fetched by htmx. */
"use strict";

const pageState = (() => {
  // Words that are chosen on the page itself. A link that changes one names it (data-chooses).
  const CHOSEN = ["figure", "range", "period", "map"];

  const isHere = (href) => new URL(href, window.location.href).pathname === window.location.pathname;

  /* The address ``href`` with what is chosen now, all but the word that it changes itself. */
  function kept(href, own) {
    const chosen = new URL(window.location.href).searchParams;
    const address = new URL(href, window.location.href);
    CHOSEN.filter((word) => word !== own).forEach((word) => {
      if (chosen.has(word)) address.searchParams.set(word, chosen.get(word));
      else address.searchParams.delete(word);
    });
    return address.pathname + address.search + address.hash;
  }

  /* Links, blocks and forms of ``root`` that lead to this page, or know its state (data-state),
     keep what is chosen. */
  function keep(root) {
    ["href", "hx-replace-url"].forEach((name) => root.querySelectorAll(`[${name}]`).forEach((link) => {
      const href = link.getAttribute(name);
      if (href.startsWith("#") || !(isHere(href) || "state" in link.dataset)) return;
      link.setAttribute(name, kept(href, link.dataset.chooses));
    }));
    // The language and large type lead back here as well.
    root.querySelectorAll("input[name=next]").forEach((input) => {
      if (isHere(input.value)) input.value = kept(input.value);
    });
    const chosen = new URL(window.location.href).searchParams;
    root.querySelectorAll("form[method=get]").forEach((form) => {
      if (!isHere(form.getAttribute("action") || "")) return;
      CHOSEN.forEach((word) => {
        form.querySelectorAll(`input[type=hidden][name=${word}]`).forEach((input) => input.remove());
        if (!chosen.has(word)) return;
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name: word, value: chosen.get(word) });
        form.append(input);
      });
    });
  }

  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    detail.path = kept(detail.path, detail.elt.dataset.chooses);
  });
  document.body.addEventListener("htmx:replacedInHistory", () => keep(document));
  // A block was asked for with what had been chosen when it was; and what was chosen since?
  document.body.addEventListener("htmx:load", (event) => keep(event.detail.elt));

  return { keep };
})();

(() => {
  const print = document.getElementById("print-page");
  if (!print) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print());
})();
