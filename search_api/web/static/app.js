import { byId, card, element } from "./passage.js";
import { SearchBox } from "./search-box.js";
import { getJson, search, ServiceError } from "./service.js";

/**
 * The search page. The address is its only state: `?q=` and `?tag=` say everything, and `run` shows what they say.
 * A question comes into it when a visitor searches, not while typing, and is asked in the body of a request.
 *
 * @typedef {import("./service.js").Hit} Hit
 * @typedef {import("./service.js").SearchResult} SearchResult
 * @typedef {{question: string, topic: string}} Asked
 * @typedef {[announcement: string, ...content: Node[]]} View
 */

const PAGE_SIZE = 5;
const MOST_TOPICS = 8;
const MOST_NEAR_QUESTIONS = 5;
const FLICKER_MS = 200;
const FOLD_ANSWER = 900;
const FOLD_OTHERS = 380;

const box = /** @type {SearchBox} */ (document.querySelector("search-box"));
const [status, start, results, topics, examples] = ["status", "start", "results", "topics", "examples"].map(byId);

/** The name stands in index.html and read.html only, for a site owner to change. */
const siteName = document.title;

let request = new AbortController();
/** What is on the page: a jump to #content fires popstate too, and must not search again. */
let shownAddress = "";

/** @returns {Asked} */
function readAddress() {
  const parameters = new URLSearchParams(location.search);
  return { question: (parameters.get("q") ?? "").trim(), topic: parameters.get("tag") ?? "" };
}

/** @param {Asked} asked */
function addressOf({ question, topic }) {
  const given = Object.entries({ q: question, tag: topic }).filter(([, value]) => value);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : location.pathname;
}

/** What a link to the question would do, without loading the page again. @param {Asked} asked @param {boolean} [takeFocus] */
function go(asked, takeFocus = true) {
  if (addressOf(asked) !== addressOf(readAddress())) history.pushState(null, "", addressOf(asked));
  void run(takeFocus);
}

/** Shows what the address says. @param {boolean} takeFocus  whether reading should go on at the answer */
async function run(takeFocus) {
  const asked = readAddress();
  request.abort();
  const { signal } = (request = new AbortController());
  shownAddress = addressOf(asked);
  box.value = asked.question;
  box.topic = asked.topic;
  pressTopic();
  document.title = asked.question ? `${asked.question} – ${siteName}` : siteName;
  remember();
  if (!asked.question) return showStart();

  results.setAttribute("aria-busy", "true");
  const waiting = setTimeout(showWaiting, FLICKER_MS);
  const view = await search({ q: asked.question, limit: PAGE_SIZE, offset: 0, tag: asked.topic }, signal)
    .then((result) => resultView(asked, result))
    .catch((error) => errorView(asked, error));
  clearTimeout(waiting);
  if (signal.aborted) return;
  show(...view);
  // Somebody who is already typing again keeps the focus.
  if (!takeFocus || box.value !== asked.question) return;
  results.querySelector("h2")?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showStart() {
  show("");
  document.body.classList.remove("asked");
  results.hidden = true;
  start.hidden = examples.childElementCount === 0;
}

function showWaiting() {
  if (results.hidden) show("", element("div", { class: "skeleton" }, element("i"), element("i"), element("i")));
  results.setAttribute("aria-busy", "true");
  results.classList.add("waiting");
  status.textContent = "Looking through the pages…";
}

/** @param {View} view */
function show(...[announcement, ...content]) {
  document.body.classList.add("asked");
  start.hidden = true;
  results.hidden = false;
  results.classList.remove("waiting");
  results.setAttribute("aria-busy", "false");
  results.replaceChildren(...content);
  status.textContent = announcement;
}

/** @param {Asked} asked @param {SearchResult} result @returns {View} */
function resultView(asked, result) {
  const { hits, answered, total } = result;
  if (answered === "none" || hits.length === 0) return noneView(asked, result);
  const heading = answered === "high"
    ? [element("h2", { tabindex: -1 }, "The answer")]
    : [element("h2", { tabindex: -1 }, "This may help"),
      element("p", { class: "note" }, "No passage answers exactly this. This one comes closest.")];
  const best = element("div", { class: `best ${answered}` }, ...heading, card(hits[0], FOLD_ANSWER));
  return [counted(hits.length, total), best, ...(total > 1 ? moreView(asked, hits, total) : [])];
}

/** @param {number} shown @param {number} total */
function counted(shown, total) {
  return total > shown ? `Showing ${shown} of ${total} passages` : total === 1 ? "One passage found" : `${total} passages found`;
}

/** The hits after the first, and the button for the next ones. @param {Asked} asked @param {Hit[]} hits @param {number} total */
function moreView(asked, hits, total) {
  const shown = new Set(hits.map((hit) => hit.passage_id));
  const list = element("ol", { class: "cards" }, ...cardItems(hits.slice(1)));
  const button = element("button", { class: "secondary", type: "button", click: more }, "More passages");
  let offset = hits.length;
  button.hidden = total <= offset;
  return [element("h2", { class: "minor" }, "Also worth reading"), list, button];

  async function more() {
    const { signal } = request;
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const next = await search({ q: asked.question, limit: PAGE_SIZE, offset, tag: asked.topic }, signal).catch(() => null);
    button.setAttribute("aria-busy", "false");
    if (signal.aborted) return;
    button.textContent = next ? "More passages" : "That didn’t work. Try again";
    status.textContent = next ? "" : "The next passages could not be loaded.";
    if (!next) return;
    offset += next.hits.length;
    // A newly published index may shift the ranking between two pages; nothing is shown twice.
    const items = cardItems(next.hits.filter((hit) => !shown.has(hit.passage_id)));
    next.hits.forEach((hit) => shown.add(hit.passage_id));
    list.append(...items);
    button.hidden = next.hits.length === 0 || next.total <= offset;
    status.textContent = counted(shown.size, next.total);
    items[0]?.querySelector("h3")?.focus();
  }
}

/** @param {Hit[]} hits */
function cardItems(hits) {
  return hits.map((hit) => element("li", {}, card(hit, FOLD_OTHERS)));
}

/** @param {Asked} asked @param {SearchResult} result @returns {View} */
function noneView({ question, topic }, { hits, related }) {
  const near = [...new Set([...related, ...hits].flatMap((hit) => (hit.question ? [hit.question] : [])))];
  const closest = element("div", {}, ...(near.length > 0 ? [
    element("h3", { class: "minor" }, "You may have meant…"),
    element("ul", { class: "questions" }, ...questionItems(near.slice(0, MOST_NEAR_QUESTIONS), topic))] : []),
    element("ol", { class: "cards" }, ...cardItems(hits)));
  const toggle = () => {
    closest.hidden = !closest.hidden;
    button.setAttribute("aria-expanded", String(!closest.hidden));
    button.textContent = closest.hidden ? "Show the closest passages anyway" : "Hide the closest passages";
  };
  const button = element("button", { class: "secondary", type: "button", click: toggle });
  toggle();
  return ["No good answer here", element("div", { class: "panel" },
    element("h2", { tabindex: -1 }, "No good answer here"),
    element("p", {}, "Thank you for asking. Nothing in these pages answers it well enough, and we would rather say so than send you the wrong way."),
    element("p", {}, "Everyday words and one thing at a time often help: try asking once more, a little differently."),
    topic ? element("p", {}, questionLink(question, "", `Look beyond “${topic}”, in all topics`)) : null,
    near.length + hits.length > 0 ? button : null), closest];
}

/** @param {Asked} asked @param {unknown} error @returns {View} */
function errorView(asked, error) {
  const { title, text, aboutQuestion } = error instanceof ServiceError ? error : new ServiceError(500);
  const again = () => {
    if (!aboutQuestion) return go(asked);
    box.input.focus();
    box.input.select();
  };
  return [`${title}. ${text}`, element("div", { class: "panel" },
    element("h2", { tabindex: -1 }, title),
    element("p", {}, text),
    element("button", { class: "secondary", type: "button", click: again }, "Try again"))];
}

/** @param {string[]} questions @param {string} topic */
function questionItems(questions, topic) {
  return questions.map((question) => element("li", {}, questionLink(question, topic)));
}

/** A real link, so that it can be opened in a new tab. @param {string} question @param {string} topic @param {string} [label] */
function questionLink(question, topic, label = question) {
  const follow = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go({ question, topic });
  };
  return element("a", { href: addressOf({ question, topic }), dir: "auto", click: follow }, label);
}

/** Topics and example questions; the page works without either. */
async function loadIndex() {
  /** @type {{tags?: {tag: string, passages: number}[], examples?: string[]}} */
  const { tags = [], examples: questions = [] } = await getJson("index").catch(() => ({}));
  const { question, topic } = readAddress();
  const names = tags.sort((a, b) => b.passages - a.passages).slice(0, MOST_TOPICS).map(({ tag }) => tag);
  if (topic && !names.includes(topic)) names.push(topic);
  topics.hidden = names.length === 0;
  topics.replaceChildren(...["", ...names].map((name) => element("button",
    { type: "button", value: name, click: () => go({ question: readAddress().question, topic: name }, false) }, name || "All")));
  pressTopic();
  examples.replaceChildren(...questionItems(questions, topic));
  if (!question) showStart();
}

function pressTopic() {
  for (const button of topics.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === box.topic));
}

/** Lets the reading view lead back to these answers; a browser that forbids storage goes without. */
function remember() {
  try {
    sessionStorage.setItem("answers", location.search);
  } catch {
    // The way back then leads to the empty search page.
  }
}

box.addEventListener("ask", (event) => go({ question: /** @type {CustomEvent} */ (event).detail, topic: box.topic }));
addEventListener("popstate", () => addressOf(readAddress()) === shownAddress || void run(false));
void loadIndex();
void run(false);
