/* What somebody typed survives a reload, a lost connection, and a chat app that closes the page.

   Kept on the device alone: for a day at most, gone once the application is sent or at a tap on
   "Forget what I typed". Phones are lent and shared, and name and telephone number are known to
   those around one; the document number is not, and does harm in wrong hands. So it stays only
   with this very page (sessionStorage: it survives a reload, not the closing of the page).
   Consent is never kept: it is given anew by the person who sends. On a device that everybody
   uses, the form says data-no-draft, and nothing is kept at all. */
(function () {
  "use strict";
  var KEY = "join-draft", SECRET_KEY = "join-draft-number", DAY = 24 * 3600 * 1000;
  var SECRET = ["id_number"];
  var KEPT = /^(name|id_type|phone|worker_group|employer_name|question_\d+)$/;

  function read(store, key) {
    try { return JSON.parse(window[store].getItem(key)) || {}; } catch (error) { return {}; }
  }

  // Private windows and full or forbidden storage: then nothing is kept, and nothing breaks.
  function write(store, key, value) {
    try { window[store].setItem(key, JSON.stringify(value)); } catch (error) { /* nothing is kept */ }
  }

  function remove(store, key) {
    try { window[store].removeItem(key); } catch (error) { /* there was nothing */ }
  }

  function clear() {
    remove("localStorage", KEY);
    remove("sessionStorage", SECRET_KEY);
  }

  function draft() {
    var found = read("localStorage", KEY);
    var age = Date.now() - found.at;
    if (!(age >= 0 && age < DAY)) {
      remove("localStorage", KEY);
      return {};
    }
    return found.values || {};
  }

  function keep(form) {
    var values = draft(), secrets = read("sessionStorage", SECRET_KEY);
    Array.prototype.forEach.call(form.elements, function (field) {
      var name = field.name || "";
      if (field.type === "radio" && !field.checked) { return; }
      if (SECRET.indexOf(name) >= 0) { secrets[name] = field.value; }
      else if (KEPT.test(name)) { values[name] = field.value; }
    });
    write("localStorage", KEY, { at: Date.now(), values: values });
    write("sessionStorage", SECRET_KEY, secrets);
    note(form).hidden = false;
  }

  function note(form) { return form.querySelector("#draft-note"); }

  function restore(form) {
    var values = draft(), secrets = read("sessionStorage", SECRET_KEY), restored = false;
    Array.prototype.forEach.call(form.elements, function (field) {
      var value = SECRET.indexOf(field.name) >= 0 ? secrets[field.name] : values[field.name];
      if (typeof value !== "string" || !value) { return; }
      if (field.type === "radio") {
        // What the server sent back in is newer than the draft.
        if (!form.querySelector("input[type=radio]:checked") && field.value === value) { field.checked = true; restored = true; }
      } else if (field.tagName === "SELECT") {
        if (!form.dataset.filled) { field.value = value; }
      } else if (!field.value && (KEPT.test(field.name) || SECRET.indexOf(field.name) >= 0)) {
        field.value = value;
        restored = true;
      }
    });
    note(form).hidden = !restored;
  }

  function forget(form) {
    clear();
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.type === "radio" || field.type === "checkbox") { field.checked = false; }
      else if (field.tagName === "SELECT") { field.selectedIndex = 0; }
      else if (KEPT.test(field.name) || SECRET.indexOf(field.name) >= 0) { field.value = ""; }
    });
    note(form).hidden = true;
    document.getElementById("draft-live").textContent = form.querySelector("[data-forget]").dataset.done;
    form.dispatchEvent(new CustomEvent("join:forgotten"));
  }

  function start() {
    var form = document.getElementById("join-form");
    if (!form || !note(form)) { return; }
    if ("noDraft" in form.dataset) { clear(); return; }
    restore(form);
    form.addEventListener("input", function () { keep(form); });
    form.addEventListener("change", function () { keep(form); });
    form.querySelector("[data-forget]").addEventListener("click", function () { forget(form); });
  }

  window.joinDraft = { clear: clear };
  document.addEventListener("page:replaced", start);
  start();
})();
