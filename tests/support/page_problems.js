// What a reader stumbles over on a page, as a list of lines; page_problems.py calls it.
async () => {
  const found = [];
  const visible = (e) => e.checkVisibility({ visibilityProperty: true });
  const all = (chosen, within = document) =>
    [...within.querySelectorAll(chosen)].filter(visible);
  const named = (e) => [e.tagName.toLowerCase(), ...e.classList].join(".")
    + ": " + (e.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
  const say = (what, e) => found.push(`${what}: ${named(e)}`);

  // Too wide: for the page, or for the text's column without a hint that it scrolls.
  const { clientWidth, scrollWidth } = document.documentElement;
  const beyond = scrollWidth - clientWidth;
  if (beyond > 0) found.push(`the page scrolls sideways by ${beyond} px`);
  const text = document.querySelector("article") ?? document.body;
  const column = text.getBoundingClientRect();
  const edge = Math.min(clientWidth, column.right) + 1;
  const style = (e, part) => getComputedStyle(e, part);
  const held = (e) => {
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
      if (style(p).overflowX !== "visible" && p.getBoundingClientRect().right <= edge) {
        return true;
      }
    }
    return false;
  };
  for (const e of all("article *")) {
    const part = e.closest("mjx-container, svg");
    if (!part && e.getBoundingClientRect().right > edge && !held(e)) say("sticks out", e);
    const { overflowX, textOverflow } = style(e);
    if (e.scrollWidth <= e.clientWidth + 1 || e.clientWidth < 2) continue;
    if (/auto|scroll/.test(overflowX)) {
      const hinted = style(e).maskImage !== "none"
        || /scroll/.test(style(e, "::before").content);
      if (!hinted) say("scrolls without a hint", e);
    } else if (textOverflow === "ellipsis" || /hidden|clip/.test(overflowX)) {
      if ((e.textContent || "").trim() && !part) say("label cut", e);
    }
  }

  // Cells that stay while the others move.
  const overlap = (a, b) => {
    const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    return Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1
      && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1;
  };
  const breaks = (e) => { // a word of letters alone that goes on in the next line
    const texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
      if (texts.currentNode.parentElement.closest("code, .indextable")) continue;
      for (const word of texts.currentNode.data.matchAll(/\p{L}{2,}/gu)) {
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const tops = [...range.getClientRects()].map((line) => line.top);
        if (Math.max(...tops) > Math.min(...tops) + 2) return true;
      }
    }
    return false;
  };
  for (const table of all("article table")) {
    const cells = [...table.querySelectorAll("th, td")];
    const over = cells.find((e) => e.scrollWidth > e.clientWidth + 1);
    if (over) say("text leaves its cell", over);
    const broken = cells.find(breaks);
    if (broken) say("a word is broken", broken);
    const stay = cells.filter((e) => style(e).position === "sticky");
    let box = stay.length ? table.parentElement : null;
    while (box && !/auto|scroll/.test(style(box).overflowX)) box = box.parentElement;
    if (!box || box.scrollWidth <= box.clientWidth + 1) continue;
    const covers = (others) => stay.find((a) =>
      others.some((b) => a !== b && b.textContent.trim() && overlap(a, b)));
    const before = box.scrollLeft;
    box.scrollLeft = 0;
    if (covers(cells)) say("a cell that stays covers a cell", covers(cells));
    box.scrollLeft = box.scrollWidth;
    if (covers(stay)) say("a cell that stays covers a row's name", covers(stay));
    const inner = Math.max(...stay.map((e) => e.getBoundingClientRect().right));
    if (inner - box.getBoundingClientRect().left > box.clientWidth / 2) {
      say("cells that stay take over half of the width", table);
    }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    if (!/rgb/.test(stay.map((e) => style(e).boxShadow).join())) {
      say("no edge where cells go under one that stays", table);
    }
    box.scrollLeft = before;
  }

  const small = (longer, img) => {
    const side = Math.round(longer);
    if (side < 160) found.push(`a picture of ${side} px in: ${img.alt.slice(0, 40)}`);
  };
  // Pictures: said in words, and in a figure numbered and explained. Sphinx falls back
  // to a file's name, which tells a listener nothing.
  for (const img of document.querySelectorAll("img")) {
    const alt = (img.getAttribute("alt") || "").trim();
    const src = (img.getAttribute("src") || "").slice(0, 60);
    if (!alt || /\.(svg|png|jpe?g)$/.test(alt)) found.push(`no alt text: img ${src}`);
  }
  for (const svg of document.querySelectorAll("article svg")) {
    const told = "[aria-hidden=true], [aria-label], mjx-container, button";
    if (!svg.closest(told) && !svg.querySelector("title")) {
      found.push("no alt text: inline svg");
    }
  }
  for (const img of all("article img:not(.toggler)")) { // togglers fold the index
    if (img.closest(".explorer, .explorer-figure")) { // each is a list of many
      const { width, height } = img.getBoundingClientRect();
      // Those of a contact sheet are one's own photographs, and may be smaller.
      if (!img.closest(".sheet")) small(Math.max(width, height), img);
      continue;
    }
    const below = img.closest("figure")?.querySelector("figcaption")
      ?? img.nextElementSibling;
    const words = below?.matches("figcaption, .caption") ? below.textContent : "";
    if (!/^\s*(Figure|Fig\.) [\d.]+\s+\S.{9,}/s.test(words)) {
      found.push(`no number and caption: ${img.alt.slice(0, 60)}`);
    }
  }

  // Inside figures: drawn text against what lies under it, cut, or too small pictures.
  const parsed = (colour) => {
    const numbers = (colour.match(/[\d.]+/g) || []).map(Number);
    if (numbers.length < 3) return null;
    const most = colour.startsWith("color(srgb") ? 255 : 1; // a mixed one goes to 1
    return { rgb: numbers.slice(0, 3).map((c) => c * most), a: numbers[3] ?? 1 };
  };
  const over = (top, a, under) => top.map((c, i) => a * c + (1 - a) * under[i]);
  const light = (rgb) => rgb.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  const ground = (e) => {
    for (let p = e; p; p = p.parentElement) {
      const own = parsed(style(p).backgroundColor);
      if (own && own.a > 0.99) return own.rgb;
    }
    // The browser's own ground, which is dark in a dark scheme.
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.backgroundColor = "Canvas";
    const found = parsed(style(probe).backgroundColor).rgb;
    probe.remove();
    return found;
  };
  const FILLED = "path, rect, circle, polygon, use";
  const inked = (e, point) => {
    const shape = e.tagName === "use" ? null : e;
    if (!shape || e.closest("defs, clipPath, [id^=text_]")) return null;
    const fill = parsed(style(shape).fill);
    const a = fill && fill.a * style(shape).fillOpacity * style(shape).opacity;
    if (!a) return null;
    const inside = shape.isPointInFill(
      point.matrixTransform(shape.getScreenCTM().inverse()));
    return inside ? { rgb: fill.rgb, a } : null;
  };
  for (const e of all("article :is(figure, .caption), article :is(figure, .caption) *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.matches("option, script, style, mjx-container *")) continue;
    const under = ground(e);
    const ink = parsed(style(e).color);
    const ratio = contrast(over(ink.rgb, ink.a, under), under);
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(1)} beside a figure`, e);
  }
  for (const img of all("article img")) {
    if (!/\.svg$/.test(img.src) || !img.src.startsWith(location.origin)) continue;
    const shown = img.getBoundingClientRect().width;
    const host = document.createElement("div");
    host.style.cssText = `position:absolute; left:0; top:0; width:${shown}px;`;
    host.attachShadow({ mode: "open" }).innerHTML =
      (await (await fetch(img.src)).text()).replace(/^[^]*?(?=<svg)/, "");
    document.body.append(host);
    const svg = host.shadowRoot.querySelector("svg");
    if (!svg) continue; // not there, which is said elsewhere
    svg.style.cssText = "width:100%; height:auto; display:block;";
    const frame = svg.getBoundingClientRect();
    const page = ground(img);
    const shapes = [...svg.querySelectorAll(FILLED)];
    for (const text of svg.querySelectorAll("g[id^=text_], text")) { // drawn, written
      const box = text.getBoundingClientRect();
      if (!box.width) continue;
      const words = [...text.childNodes].filter((n) => [3, 8].includes(n.nodeType))
        .map((n) => n.data.trim()).join(" ").trim().slice(0, 40);
      if (box.left < frame.left - 1 || box.right > frame.right + 1
          || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) {
        found.push(`label cut in a figure: ${words}`);
      }
      const glyph = text.querySelector("use, path") ?? text;
      const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
      const under = shapes
        .filter((e) => text.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)
        .map((e) => inked(e, middle)).filter(Boolean)
        .reduce((rgb, top) => over(top.rgb, top.a, rgb), page);
      const ink = parsed(style(glyph).fill);
      const seen = over(ink.rgb, ink.a * style(glyph).opacity, under);
      const ratio = contrast(seen, under);
      if (ratio < 4.5) {
        found.push(`contrast ${ratio.toFixed(1)} in a figure: ${words}`);
      }
    }
    for (const picture of svg.querySelectorAll("image")) {
      const { width, height } = picture.getBoundingClientRect();
      small(Math.max(width, height), img);
    }
    host.remove();
  }
  return [...new Set(found)];
}
