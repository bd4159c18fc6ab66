// A reader picks facet, query and methods, and sees what each method finds. All that is
// shown comes from the script of data before this one; cocofacet.report.explorer.data
// says what it holds, and .link what the address does.
(() => {
  "use strict";
  const data = window.cocofacetExplore;
  const root = document.querySelector(".explorer");
  if (!data || !root) return; // the note stays

  const [FEWEST, MOST] = [2, 4]; // methods side by side
  const part = (name, within = root) => within.querySelector(`[name="${name}"]`);
  const [facets, texts, queries] = ["facet", "text", "query"].map((name) => part(name));
  const panels = root.querySelector(".explorer-panels");
  const cases = root.querySelector(".explorer-cases"); // in the smallest form alone
  const dialog = root.querySelector("dialog");

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

  // The address holds the state, so that it can be linked and gone back to.

  // What a text is called there: its label, where no other has it.
  function called({ text, label }, { texts: all }) {
    return all.filter((one) => one.label === label).length === 1 ? label : text;
  }

  function addressOf(facet, text, query, methods) {
    return `#${new URLSearchParams([
      ["facet", facet.name],
      ["text", called(text, facet)],
      ["picture", query.number],
      ...methods.map(({ name }) => ["question", name]),
    ])}`;
  }

  const addressShown = () => addressOf(facet(), asked(), query(), picked());

  // The positions of facet, text and query, and the methods; null for no such case.
  function read(hash) {
    // A link in Markdown comes with "&amp;": MyST escapes it once too often.
    const said = new URLSearchParams(hash.slice(1).replaceAll("&amp;", "&"));
    const place = data.facets.findIndex(({ name }) => name === said.get("facet"));
    if (place < 0) return null;
    const { name: own, texts: known } = data.facets[place];
    const text = known.findIndex((one) => [one.label, one.text].includes(said.get("text")));
    if (text < 0) return null;
    const { queries: all } = known[text];
    const number = said.get("picture");
    const picture = number ? all.findIndex((one) => String(one.number) === number) : 0;
    const given = said.getAll("question");
    const names = given.length < FEWEST ? ["none", given[0] ?? "own"] : given.slice(0, MOST);
    const methods = names.map((name) => data.methods.find(
      (one) => one.name === (name === own ? "own" : name) && own in one.prompts,
    ));
    if (picture < 0 || methods.includes(undefined)) return null;
    return { places: [place, text, picture], methods };
  }

  function open({ places, methods }) {
    facets.value = places[0];
    fill(texts, facet().texts.map(({ text }) => text));
    texts.value = places[1];
    fill(queries, asked().queries.map(() => ""));
    queries.value = places[2];
    panels.replaceChildren();
    methods.forEach(addPanel);
    show();
  }

  // After a link or a step back. One to a heading leaves the explorer as it is.
  function arrive() {
    if (location.hash && !location.hash.includes("facet=")) return;
    open(read(location.hash) ?? opening);
    if (root.getBoundingClientRect().bottom < 0) root.scrollIntoView();
  }

  function chosen() {
    show();
    if (addressShown() !== location.hash) history.pushState(null, "", addressShown());
  }

  // Choosing: each choice fills those that depend on it.

  function chooseFacet() {
    fill(texts, facet().texts.map(({ text }) => text));
    menus().forEach((menu) => fillMenu(menu, data.methods[menu.value]));
    chooseText();
  }

  function chooseText() {
    fill(queries, asked().queries.map(() => ""));
    chosen();
  }

  function step(by) {
    const { length } = asked().queries;
    queries.value = (Number(queries.value) + by + length) % length;
    chosen();
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
    part("method", panel).addEventListener("change", chosen);
    part("remove", panel).addEventListener("click", () => {
      panel.remove();
      chosen();
      part("add").focus();
    });
    return panel;
  }

  // Showing.

  function picture(image, rank) {
    const hit = image === query().positive;
    const item = element("li", "", { className: hit ? "hit" : "" });
    const carried = facet().carried[image];
    const labels = carried === undefined ? "" : carried || "no label";
    const words = `Rank ${rank} of ${data.pool}${hit ? ", the positive" : ""}`;
    item.append(
      enlarging(image, labels ? `${words}: ${labels}` : words),
      element("b", hit ? `${rank} ✓ hit` : rank),
      element("span", labels),
    );
    return item;
  }

  // A picture that a click or the Enter key enlarges.
  function enlarging(image, alt) {
    const button = element("button", "", {
      type: "button", name: "enlarge", className: "explorer-enlarge",
    });
    const [src, side] = [address(image), 160];
    button.append(element("img", "", { alt, src, width: side, height: side }));
    button.addEventListener("click", () => {
      dialog.querySelector("div").replaceChildren(element("img", "", { alt, src }));
      dialog.querySelector("p").textContent = `${alt}. ${data.images[image]}`;
      dialog.showModal();
    });
    return button;
  }

  function address(image) {
    const path = data.images[image].split("/").map(encodeURIComponent).join("/");
    return `${root.dataset.folder}/pictures/${path}`;
  }

  // The smallest form shows four, so that the page goes on soon.
  const firstOf = (index) => query().first[index].slice(0, cases ? 4 : data.pool);

  function showPanel(panel, place) {
    const index = part("method", panel).value;
    const method = data.methods[index];
    const prompt = method.prompts[facet().name];
    const [rank, first] = [query().ranks[index], firstOf(index)];
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
    root.querySelector(".explorer-positive").replaceChildren(
      enlarging(query().positive, "The positive, the picture looked for"),
    );
    root.querySelector(".explorer-text").textContent = `“${asked().text}”`;
    [...panels.children].forEach(showPanel);
    part("add").hidden = panels.children.length >= MOST;
    root.querySelector(".explorer-status").textContent = methods
      .map((m) => `${m.retriever}, ${m.words}: rank ${rankOf(query(), m)} of ${data.pool}`)
      .join("; ")
      .concat(".");
    root.querySelector(".explorer-caption").textContent =
      `${root.dataset.figure} The first ${firstOf(query().first.findIndex(Boolean)).length} of ` +
      `${data.pool} candidates under each method, and behind a dotted line the positive ` +
      `where it is not among them. Pictures: ${data.shown_as}. Query ${query().id}; the positive ` +
      `is ${data.images[query().positive]}.`;
    if (cases) markCase();
  }

  // The smallest form: a link for each text, and one to the whole explorer.

  function addCases() {
    const methods = data.methods.slice(0, FEWEST);
    for (const each of data.facets) {
      for (const one of each.texts) {
        const href = addressOf(each, one, one.queries[0], methods);
        const item = element("li");
        item.append(element("a", `${each.name}: “${one.text}”`, { href }));
        cases.append(item);
      }
    }
  }

  function markCase() {
    for (const link of cases.querySelectorAll("a")) {
      if (link.hash === addressShown()) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    root.querySelector(".explorer-whole").href = root.dataset.whole + addressShown();
  }

  const opening = { places: data.opening, methods: data.methods.slice(0, FEWEST) };
  fill(facets, data.facets.map(({ name }) => name));
  if (cases) addCases();
  open(read(location.hash) ?? opening);
  addEventListener("hashchange", arrive);
  facets.addEventListener("change", chooseFacet);
  texts.addEventListener("change", chooseText);
  queries.addEventListener("change", chosen);
  part("previous").addEventListener("click", () => step(-1));
  part("next").addEventListener("click", () => step(1));
  part("add").addEventListener("click", () => {
    const free = data.methods.filter(
      (method) => facet().name in method.prompts && !picked().includes(method),
    );
    const panel = addPanel(free[0] ?? data.methods[0]);
    chosen();
    part("method", panel).focus();
  });
  part("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the picture
  });
  root.querySelector(".explorer-note").hidden = true;
  root.querySelector(".explorer-page").hidden = false;
})();
