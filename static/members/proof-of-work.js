/* Solves an ALTCHA challenge in a worker and puts the solution into the form; again when it ends. */
(function () {
  "use strict";
  var field = document.querySelector("input[data-proof]");
  if (!field || !window.Worker || !window.fetch || field.dataset.started) { return; }
  field.dataset.started = "yes";
  var RENEW_MILLISECONDS = 15 * 60 * 1000;
  var LOOK_AGAIN_MILLISECONDS = 30 * 1000;
  var worker = null;
  var solvedAt = 0;

  function solve() {
    fetch(field.dataset.proof, { credentials: "same-origin", cache: "no-store" }).then(function (answer) {
      if (!answer.ok) { throw new Error("no challenge"); }
      return answer.json();
    }).then(function (challenge) {
      worker = new Worker(field.dataset.worker);
      worker.onmessage = function (event) {
        worker.terminate();
        worker = null;
        if (event.data === null) { return; }
        field.value = btoa(JSON.stringify({
          algorithm: challenge.algorithm,
          challenge: challenge.challenge,
          number: event.data,
          salt: challenge.salt,
          signature: challenge.signature
        }));
        solvedAt = Date.now();
      };
      worker.onerror = function () { worker = null; };
      worker.postMessage(challenge);
    }).catch(function () { /* Offline: the next look tries again; a form without a proof is taken too. */ });
  }

  function look() {
    if (!field.isConnected) { clearInterval(timer); return; }  // the page has brought a new form
    if (!worker && Date.now() - solvedAt > RENEW_MILLISECONDS && document.visibilityState !== "hidden") { solve(); }
  }

  // A page that came back by the "back" button holds a proof that was used.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { field.value = ""; solvedAt = 0; look(); }
  });
  document.addEventListener("visibilitychange", look);
  var timer = setInterval(look, LOOK_AGAIN_MILLISECONDS);
  field.value = "";
  look();
})();
