// Runs before the first paint, so that a dark page never flashes white.
(() => {
  const stored = localStorage.getItem('slipway.theme');
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored;
})();
