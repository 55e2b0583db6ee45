/* Sends the form without leaving the page, so that a lost connection loses nothing: the page says
   so and waits for a tap. Sending twice is harmless, for the server finds the open application.
   Where the browser is too old for this, the form is sent the ordinary way. */
(function () {
  "use strict";
  var SECONDS = 25;
  var form, banner, button, label, pressed, isBusy;

  function busy(now) {
    isBusy = now;
    // Not `disabled`: the focus stays where it is.
    button.setAttribute("aria-disabled", String(now));
    button.textContent = now ? form.dataset.sending : label;
  }

  function fieldsOf(source) {
    var pairs = [];
    Array.prototype.forEach.call(source.elements, function (field) {
      if (!field.name || field.disabled || /^(submit|button|reset|image|file)$/.test(field.type)) { return; }
      if (/^(checkbox|radio)$/.test(field.type) && !field.checked) { return; }
      pairs.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
    });
    return pairs.join("&");
  }

  function say(why) {
    busy(false);
    banner.querySelector("h2").textContent = banner.dataset[why];
    banner.hidden = false;
    banner.focus();
  }

  function replacePage(text) {
    var page = new DOMParser().parseFromString(text, "text/html"), main = page.querySelector("main");
    if (!main) { say("busy"); return; }
    document.title = page.title;
    document.querySelector("main").innerHTML = main.innerHTML;
    // Scripts that come in this way do not run by themselves.
    Array.prototype.forEach.call(document.querySelectorAll("main script[src]"), function (old) {
      var script = document.createElement("script");
      script.src = old.getAttribute("src");
      old.parentNode.replaceChild(script, old);
    });
    window.scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent("page:replaced"));
    var said = document.querySelector("main [autofocus]") || document.querySelector("main");
    said.focus();
  }

  function answer(response) {
    // The receipt: a redirect, which is followed by hand so that it is asked for once only.
    if (response.type === "opaqueredirect") {
      if (window.joinDraft) { window.joinDraft.clear(); }
      try { window.sessionStorage.removeItem("join-step"); } catch (error) { /* none was kept */ }
      window.location.assign(form.dataset.done);
      return null;
    }
    if (response.status >= 500) { say("busy"); return null; }
    return response.text().then(replacePage);
  }

  function send(body) {
    var abort = window.AbortController ? new AbortController() : null, isLate = false;
    var timer = setTimeout(function () { isLate = true; if (abort) { abort.abort(); } }, SECONDS * 1000);
    busy(true);
    banner.hidden = true;
    window.fetch(form.action, {
      method: "POST",
      body: body,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      credentials: "same-origin",
      redirect: "manual",
      signal: abort ? abort.signal : undefined
    }).then(function (response) {
      clearTimeout(timer);
      return answer(response);
    }).catch(function () {
      clearTimeout(timer);
      say(isLate ? "slow" : "offline");
    });
  }

  function onSubmit(event) {
    var owner = pressed;
    pressed = null;
    if (event.defaultPrevented) { return; }
    // The switches of language and type are sent the ordinary way, with all that was typed.
    if (owner && owner.name) { return; }
    if (isBusy) { event.preventDefault(); return; }
    if (window.joinSteps && !window.joinSteps.check()) { event.preventDefault(); return; }
    var body;
    try { body = fieldsOf(form); } catch (error) { return; }
    if (!window.fetch || !window.DOMParser) { return; }
    event.preventDefault();
    if (window.navigator.onLine === false) { say("offline"); return; }
    send(body);
  }

  function start() {
    form = document.getElementById("join-form");
    banner = document.getElementById("connection");
    button = form && form.querySelector(".send");
    if (!form || !banner || !button) { return; }
    label = button.textContent;
    isBusy = false;
    form.addEventListener("submit", onSubmit);
  }

  document.addEventListener("click", function (event) {
    pressed = event.target.closest ? event.target.closest("button") : null;
  });
  // Back from the receipt: the page as it was left must not go on "sending".
  window.addEventListener("pageshow", function () { if (form && button) { busy(false); } });
  document.addEventListener("page:replaced", start);
  start();
})();
