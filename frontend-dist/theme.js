// Runs before the first paint, so that nobody sees a white flash on a night shift.
// It is a file of its own because the page's policy allows no inline script.
(function () {
  var root = document.documentElement;
  var chosen = null;
  var language = null;
  try {
    chosen = localStorage.getItem('retv4_theme');
    language = localStorage.getItem('retv4_language');
  } catch {
    // Storage may be switched off; the system's preference then decides.
  }
  var dark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.setAttribute('data-theme', dark ? 'dark' : 'light');
  if (language === 'ar') root.setAttribute('dir', 'rtl');
  if (language) root.setAttribute('lang', language);
})();
