// Before the first paint, so that a dark page never flashes white. The only script that isn't a module.
(() => {
  try {
    const theme = localStorage.getItem("fathom.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is refused: the system's theme it is.
  }
})();
