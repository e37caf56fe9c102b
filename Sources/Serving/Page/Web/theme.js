// Sets the chosen theme before the first paint, so that nothing flashes: the one classic script, loaded in the head.
// Not the switch itself: that is in settings.js. The colours are in style.css.
(() => {
    try {
        const theme = localStorage.getItem("theme");
        if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    } catch {
        // Storage is refused (private windows, policies): the system's theme applies.
    }
})();
