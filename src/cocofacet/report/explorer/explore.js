// A reader picks facet, query and methods, and sees what each method finds. All that is
// shown comes from data.js, written by cocofacet.report.explore, which says what it holds.
(() => {
  "use strict";
  const data = window.cocofacetExplore;
  const root = document.querySelector(".explorer");
  if (!data || !root) return; // the note stays

  const [FEWEST, MOST] = [2, 4]; // methods side by side
  const part = (name, within = root) => within.querySelector(`[name="${name}"]`);
  const [facets, texts, queries] = ["facet", "text", "query"].map((name) => part(name));
  const panels = root.querySelector(".explorer-panels");

  const facet = () => data.facets[facets.value];
  const asked = () => facet().texts[texts.value];
  const query = () => asked().queries[queries.value];
  const menus = () => [...panels.querySelectorAll("select")];
  const picked = () => menus().map((menu) => data.methods[menu.value]);
  const rankOf = (one, method) => one.ranks[data.methods.indexOf(method)];

  function element(name, words = "", attributes = {}) {
    const made = document.createElement(name);
    made.textContent = words;
    return Object.assign(made, attributes);
  }

  function fill(select, words) {
    select.replaceChildren(...words.map((w, i) => element("option", w, { value: i })));
  }

  // Choosing: each choice fills those that depend on it.

  function chooseFacet() {
    fill(texts, facet().texts.map(({ text }) => text));
    menus().forEach((menu) => fillMenu(menu, data.methods[menu.value]));
    chooseText();
  }

  function chooseText() {
    fill(queries, asked().queries.map(() => ""));
    show();
  }

  function step(by) {
    const { length } = asked().queries;
    queries.value = (Number(queries.value) + by + length) % length;
    show();
  }

  // The methods that ask for this facet, with one of them chosen. Another facet's
  // question is this facet's own in the end: then what shows the same prompt is taken.
  function fillMenu(menu, wanted) {
    const { name } = facet();
    const offered = data.methods.filter((method) => name in method.prompts);
    const groups = new Map();
    for (const method of offered) {
      const { retriever, words } = method;
      if (!groups.has(retriever)) {
        groups.set(retriever, element("optgroup", "", { label: retriever }));
      }
      const value = data.methods.indexOf(method);
      groups.get(retriever).append(element("option", words, { value }));
    }
    menu.replaceChildren(...groups.values());
    const shown = Object.values(wanted.prompts);
    const same = (method) =>
      method.retriever === wanted.retriever && shown.includes(method.prompts[name]);
    const chosen = offered.includes(wanted) ? wanted : offered.find(same) ?? offered[0];
    menu.value = data.methods.indexOf(chosen);
  }

  function addPanel(method) {
    panels.append(root.querySelector("template").content.cloneNode(true));
    const panel = panels.lastElementChild;
    fillMenu(part("method", panel), method);
    part("method", panel).addEventListener("change", show);
    part("remove", panel).addEventListener("click", () => {
      panel.remove();
      show();
      part("add").focus();
    });
    return panel;
  }

  // Showing.

  function picture(image, rank) {
    const hit = image === query().positive;
    const item = element("li", "", { className: hit ? "hit" : "" });
    const carried = facet().carried[image];
    item.append(
      element("img", "", {
        alt: `Picture ranked ${rank}${hit ? ", the positive" : ""}`,
        src: address(image),
        width: 128,
        height: 128,
      }),
      element("b", hit ? `${rank} ✓ hit` : rank),
      element("span", carried === undefined ? "" : carried || "no label"),
    );
    return item;
  }

  function address(image) {
    const path = data.images[image].split("/").map(encodeURIComponent).join("/");
    return `${root.dataset.folder}/pictures/${path}`;
  }

  function showPanel(panel, place) {
    const index = part("method", panel).value;
    const method = data.methods[index];
    const prompt = method.prompts[facet().name];
    const [rank, first] = [query().ranks[index], query().first[index]];
    const name = `Method ${place + 1}`;
    panel.setAttribute("aria-label", name);
    panel.querySelector("label span").textContent = name;
    part("remove", panel).setAttribute("aria-label", `Remove ${name.toLowerCase()}`);
    part("remove", panel).hidden = panels.children.length <= FEWEST;
    panel.querySelector(".explorer-prompt").textContent =
      prompt === null ? "Each picture is shown without a prompt."
      : prompt ? `Shown with each picture: “${prompt}”`
      : "Shown with each picture: the frame of a prompt with no question in it.";
    panel.querySelector(".explorer-rank").replaceChildren(
      "Rank ", element("strong", rank), ` of ${data.pool}`,
    );
    const items = first.map((image, above) => picture(image, above + 1));
    if (rank > first.length) {
      items.push(picture(query().positive, rank));
      items.at(-1).classList.add("beyond");
    }
    panel.querySelector("ol").replaceChildren(...items);
  }

  function show() {
    const methods = picked();
    asked().queries.forEach((one, i) => {
      const ranks = methods.map((method) => rankOf(one, method)).join(", ");
      queries.options[i].textContent =
        `${i + 1} of ${asked().queries.length}: rank ${ranks}`;
    });
    root.querySelector(".explorer-asked img").src = address(query().positive);
    root.querySelector(".explorer-text").textContent = `“${asked().text}”`;
    [...panels.children].forEach(showPanel);
    part("add").hidden = panels.children.length >= MOST;
    root.querySelector(".explorer-status").textContent = methods
      .map((m) => `${m.retriever}, ${m.words}: rank ${rankOf(query(), m)} of ${data.pool}`)
      .join("; ")
      .concat(".");
    root.querySelector(".explorer-caption").textContent =
      `${data.shown_as}. Query ${query().id}; the positive is ` +
      `${data.images[query().positive]}. The first ${query().first.find(Boolean).length} ` +
      `of ${data.pool} candidates, and behind a dotted line the positive where it is ` +
      "not among them.";
  }

  fill(facets, data.facets.map(({ name }) => name));
  fill(texts, facet().texts.map(({ text }) => text));
  data.methods.slice(0, FEWEST).forEach(addPanel);
  chooseText();
  facets.addEventListener("change", chooseFacet);
  texts.addEventListener("change", chooseText);
  queries.addEventListener("change", show);
  part("previous").addEventListener("click", () => step(-1));
  part("next").addEventListener("click", () => step(1));
  part("add").addEventListener("click", () => {
    const free = data.methods.filter(
      (method) => facet().name in method.prompts && !picked().includes(method),
    );
    const panel = addPanel(free[0] ?? data.methods[0]);
    show();
    part("method", panel).focus();
  });
  root.querySelector(".explorer-note").hidden = true;
  root.querySelector(".explorer-page").hidden = false;
})();
