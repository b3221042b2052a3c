// Light or dark as the page is, from before the first paint; the document itself is English.
(function () {
  const root = document.documentElement;
  const night = matchMedia('(prefers-color-scheme: dark)');

  function dress() {
    let chosen = null;
    try {
      chosen = localStorage.getItem('retv4_theme');
    } catch {
      // Storage may be switched off; the system's preference then decides.
    }
    const dark = chosen === 'dark' || (chosen !== 'light' && night.matches);
    root.setAttribute('data-theme', dark ? 'dark' : 'light');
    root.classList.toggle('dark-mode', dark);
  }

  dress();
  night.addEventListener('change', dress);
  // Another tab changes it, too.
  window.addEventListener('storage', dress);
})();
