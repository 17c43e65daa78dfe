// Two things that these pages do with scripts; without them their buttons do.
(function () {
  "use strict";
  if (window.identityxIsHere) return; // a base of a site's own may ask for this script, too
  window.identityxIsHere = true;

  // While a form is busy, a second press would only cancel the first. After this time it counts:
  // somebody stopped the first, or it came to nothing.
  var PATIENCE = 8000;
  var sent = false;
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.closest || !form.closest(".identityx")) return;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    sent = true;
    busy(form, true);
    setTimeout(function () { busy(form, false); }, PATIENCE);
  });
  function busy(form, is) {
    form.setAttribute("aria-busy", is ? "true" : "false");
  }
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    Array.prototype.forEach.call(document.forms, function (form) { busy(form, false); });
  });

  // Goes on by itself in the browser that asked for the link; never while the page is prerendered
  // or hidden: a person must be looking.
  function goOn() {
    var form = document.querySelector("form[data-identityx-auto]");
    if (!form || sent || document.prerendering || document.visibilityState !== "visible") return;
    if (form.requestSubmit) {
      form.requestSubmit();
    } else {
      sent = true;
      form.submit();
    }
  }
  document.addEventListener("prerenderingchange", goOn);
  document.addEventListener("visibilitychange", goOn);
  window.addEventListener("pageshow", function (event) {
    // Back to this page: it has done its work, and the button is still there.
    if (!event.persisted) goOn();
  });
})();
