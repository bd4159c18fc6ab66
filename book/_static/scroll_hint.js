// Says of everything in a page that scrolls sideways whether there is more to its right
// (data-scrolls), and whether it has been moved (data-moved); custom.css shows it.
(() => {
  const mark = (box) => {
    const room = box.scrollWidth - box.clientWidth;
    box.toggleAttribute("data-scrolls", room > 1);
    box.toggleAttribute("data-at-end", box.scrollLeft >= room - 1);
    box.toggleAttribute("data-moved", box.scrollLeft > 1);
    if (room > 1) box.tabIndex = 0; // for a keyboard's arrows
  };
  const watch = () => {
    // What is folded away has no size until it is opened: its size is watched.
    const sizes = new ResizeObserver((seen) =>
      seen.forEach(({ target }) => mark(target.closest("[data-watched]"))));
    for (const box of document.querySelectorAll(".bd-article *")) {
      if (!/auto|scroll/.test(getComputedStyle(box).overflowX)) continue;
      box.dataset.watched = "";
      box.addEventListener("scroll", () => mark(box), { passive: true });
      [box, ...box.children].forEach((part) => sizes.observe(part));
      mark(box);
    }
  };
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", watch);
  } else watch();
})();
