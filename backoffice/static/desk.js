/* Comfort only: every page works without this file. ECMAScript 5, for IE 11. */
(function () {
  'use strict';

  function each(selector, root, act) {
    var found = root.querySelectorAll(selector), i;
    for (i = 0; i < found.length; i += 1) { act(found[i]); }
  }

  /* A form is sent once: the button says so and goes quiet. The request key makes it safe anyway. */
  function once(form) {
    form.addEventListener('submit', function (event) {
      if (form.getAttribute('data-sent')) { event.preventDefault(); return; }
      form.setAttribute('data-sent', 'yes');
      each('button[type="submit"]', form, function (button) {
        window.setTimeout(function () {
          button.textContent = form.getAttribute('data-once');
          button.disabled = true;
        }, 0);
      });
    });
  }

  /* Only the fields of the chosen decision are shown. */
  function decision(form) {
    function show() {
      var chosen = form.querySelector('input[name="decision"]:checked');
      each('[data-when]', form, function (part) {
        var meant = chosen && (' ' + part.getAttribute('data-when') + ' ').indexOf(' ' + chosen.value + ' ') >= 0;
        part.className = meant ? '' : 'apart';
      });
    }
    each('input[name="decision"]', form, function (choice) { choice.addEventListener('change', show); });
    show();
  }

  function start() {
    each('form[data-once]', document, once);
    each('form.decision', document, decision);
  }

  /* Coming back by the browser's history finds the form ready again. */
  window.addEventListener('pageshow', function (event) { if (event.persisted) { window.location.reload(); } });

  if (document.readyState === 'loading') { document.addEventListener('DOMContentLoaded', start); } else { start(); }
}());
