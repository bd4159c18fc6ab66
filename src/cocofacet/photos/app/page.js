// A reader writes what a picture is to show and chooses the question; what is found
// with it stands beside what is found without. See cocofacet.photos.app.answers.
(() => {
  "use strict";
  const STEP = 24; // pictures shown of each list, and added by "more"
  const NEAREST = 6; // shown behind the end of a list
  const HOW = {
    index: () => "asked beforehand",
    rerank: (number) => `asked now, of the ${count(number)} pictures that are first in general`,
  };
  const root = document.querySelector(".search");
  const part = (name, within = document) => within.querySelector(`[name="${name}"]`);
  const [text, ask, own, more] = ["text", "ask", "question", "more"].map((n) => part(n));
  const status = root.querySelector(".search-status");
  const panels = root.querySelector(".search-panels");
  const dialog = document.querySelector("dialog");
  let found = null; // the last answer
  let shown = STEP;
  let running = null; // what would end the search under way

  function element(name, words = "", attributes = {}) {
    const made = document.createElement(name);
    made.textContent = words;
    return Object.assign(made, attributes);
  }

  const count = (number) => number.toLocaleString("en");
  const address = (one, size) => `picture/${one.sha256}/${size}`;
  const lost = () => element("span", "changed or deleted since it was indexed", {
    className: "search-lost",
  });

  // The address holds the search, so that it can be linked and gone back to.

  function read() {
    const state = new URLSearchParams(location.hash.slice(1));
    const known = [...ask.options].map((option) => option.value);
    text.value = state.get("text") ?? "";
    own.value = state.get("question") ?? "";
    const wanted = own.value ? "own" : state.get("ask");
    ask.value = known.includes(wanted) ? wanted : known[0];
    choose();
    if (text.value) search();
  }

  function write() {
    const state = new URLSearchParams({ text: text.value });
    if (ask.value === "own") state.set("question", own.value);
    else state.set("ask", ask.value);
    if (`#${state}` !== location.hash) history.pushState(null, "", `#${state}`);
  }

  function choose() {
    const mine = ask.value === "own";
    own.closest("label").hidden = !mine;
    own.required = mine;
  }

  async function search() {
    running?.abort();
    const mine = (running = new AbortController());
    const asked = ask.value === "own" ? { question: own.value } : { ask: ask.value };
    say("Searching …");
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("search", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text: text.value, ...asked }),
        signal: mine.signal,
      });
      const said = await answer.json();
      if (answer.ok) show(said);
      else fail(said.error);
    } catch (error) {
      if (mine.signal.aborted) return; // another search took its place
      fail("The server does not answer: it has ended. Start it again.");
    }
    root.removeAttribute("aria-busy");
  }

  function say(words, wrong = false) {
    status.textContent = words;
    status.classList.toggle("search-wrong", wrong);
  }

  function fail(words) {
    panels.replaceChildren();
    more.hidden = true;
    say(words, true);
  }

  // Showing.

  function show(said) {
    found = said;
    shown = STEP;
    document.title = `${found.text}: ${document.querySelector("h1").textContent}`;
    draw();
    say(summary());
  }

  function summary() {
    const time = `${found.seconds.toFixed(2)} s.`;
    if (!found.asked) {
      const none = found.chosen ? "the text is near no question, so none was asked"
        : "no question was asked";
      return `${count(found.pictures)} pictures; ${none}. ${time}`;
    }
    const { standing_out: out, how, first } = found.asked;
    const stands = out === null ? "Ranked; this question has no alternatives, so the "
      + "list has no end"
      : out === 0 ? "Nothing here stands out"
      : `${count(out)} of ${count(found.pictures)} pictures ${out === 1 ? "stands" : "stand"} out`;
    return `${stands}. The question was ${HOW[how](first.length)}. ${time}`;
  }

  function draw() {
    const lists = [];
    if (found.asked) {
      const { question, facet, first, standing_out: out } = found.asked;
      const name = facet ?? "your question";
      const ended = out !== null && shown >= out && out <= first.length;
      const rest = out > first.length && shown >= first.length ? out - first.length : 0;
      lists.push({
        title: `Asked: ${name}${found.chosen ? " (chosen by the text)" : ""}`,
        prompt: `Shown with each picture: “${question}”`,
        note: out === 0 ? "Nothing here stands out. The nearest:" : out === null ? ""
          : "The bar: the text's share among the alternatives. The list ends below a half.",
        first: first.slice(0, ended ? Math.min(out + NEAREST, first.length) : shown),
        end: ended ? out : null,
        rest: rest && `${count(rest)} more stand out.`,
        move: (one, rank) => moved(one.other, rank).from,
      });
    }
    lists.push({
      title: "In general",
      prompt: "Each picture is shown without a question.",
      note: "",
      first: found.general.slice(0, shown),
      end: null,
      move: (one, rank) => (found.asked ? moved(rank, one.other).to : ""),
    });
    panels.replaceChildren(...lists.map(panel));
    const first = found.asked?.first.length ?? 0;
    const asked = Math.min(found.asked?.standing_out ?? first, first);
    more.hidden = shown >= Math.max(asked, found.general.length);
  }

  // From one list's rank to the other's; null is far behind.
  function moved(from, to) {
    const arrow = (to ?? Infinity) < (from ?? Infinity) ? "↑" : from === to ? "=" : "↓";
    const rank = (place) => (place === null ? "far behind" : count(place));
    return { from: `from ${rank(from)} ${arrow}`, to: `to ${rank(to)} ${arrow}` };
  }

  function panel({ title, prompt, note, first, end, rest, move }) {
    const made = document.querySelector("template").content.cloneNode(true);
    const list = made.querySelector("ol");
    made.querySelector("section").setAttribute("aria-label", title);
    made.querySelector("h2").textContent = title;
    made.querySelector(".explorer-prompt").textContent = prompt;
    made.querySelector(".search-note").textContent = note;
    first.forEach((one, place) => {
      if (place === end && end > 0) {
        list.append(beyond("The list ends here: the shares of the next are below a half."));
      }
      const item = picture(one, place + 1, move(one, place + 1));
      item.classList.toggle("search-behind", end !== null && place >= end);
      list.append(item);
    });
    if (rest) list.append(beyond(rest));
    return made;
  }

  const beyond = (words) => element("li", words, { className: "beyond" });

  function picture(one, rank, move) {
    const item = element("li");
    const button = element("button", "", { type: "button", className: "search-picture" });
    const image = element("img", "", {
      alt: `${rank}: ${one.path}`, loading: "lazy", width: 160, height: 160,
      src: address(one, "small"),
    });
    image.addEventListener("error", () => image.replaceWith(lost()));
    button.append(image);
    button.title = one.path;
    button.addEventListener("click", () => enlarge(one, rank));
    item.dataset.picture = one.sha256;
    item.append(button, element("b", rank), " ", element("span", move));
    if (one.share !== null) item.append(bar(one.share));
    for (const [event, on] of [["mouseenter", 1], ["focusin", 1], ["mouseleave", 0], ["focusout", 0]]) {
      item.addEventListener(event, () => mark(one, Boolean(on)));
    }
    return item;
  }

  function bar(share) {
    const made = element("span", "", { className: "search-share" });
    const meter = element("meter", "", { min: 0, max: 1, value: share });
    meter.setAttribute("aria-hidden", "true");
    made.append(meter, ` ${share.toFixed(2)}`);
    return made;
  }

  // The same picture in both lists.
  function mark(one, on) {
    panels.querySelectorAll(`[data-picture="${one.sha256}"]`)
      .forEach((item) => item.classList.toggle("search-same", on));
  }

  function enlarge(one, rank) {
    const image = element("img", "", { alt: one.path, src: address(one, "large") });
    image.addEventListener("error", () => image.replaceWith(lost()));
    dialog.querySelector("img, .search-lost").replaceWith(image);
    const share = one.share === null ? "" : `, share ${one.share.toFixed(2)}`;
    dialog.querySelector("p").textContent =
      `${one.path}: rank ${rank}, score ${one.score.toFixed(3)}${share}`;
    dialog.showModal();
  }

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the picture
  });
  part("close").addEventListener("click", () => dialog.close());
  ask.addEventListener("change", () => {
    choose();
    if (ask.value === "own") own.focus();
    else if (text.value) root.querySelector("form").requestSubmit();
  });
  root.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    write();
    search();
  });
  more.addEventListener("click", () => {
    shown += STEP;
    draw();
  });
  addEventListener("popstate", read);
  if (!location.hash && root.dataset.start) {
    history.replaceState(null, "", root.dataset.start);
  }
  read();
})();
