// Goes on by itself in the browser that asked for the link. Without it, the button does.
// Never while the page is prerendered or hidden: a person must be looking.
(function () {
  "use strict";
  var form = document.querySelector("form[data-identityx-auto]");
  if (!form) return;
  var sent = false;
  var last = -Infinity;
  // A second press right after the first would only cancel it. A later one is meant: somebody
  // stopped the first, or came back to this page.
  form.addEventListener("submit", function (event) {
    if (event.timeStamp - last < 2000) {
      event.preventDefault();
      return;
    }
    last = event.timeStamp;
    sent = true;
  });
  function goOn() {
    if (sent || document.prerendering || document.visibilityState !== "visible") return;
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
