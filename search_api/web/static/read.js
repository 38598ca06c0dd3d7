import { byId, element, textBlocks, webAddress } from "./passage.js";
import { getJson, ServiceError } from "./service.js";

/**
 * The reading view: one whole document, with the passage named after # marked.
 *
 * @typedef {import("./service.js").Hit} Hit
 * @typedef {{title: string, url: string | null, lang: string, updated: string | null, passages: Hit[]}} FullDocument
 */

const article = byId("document");
const status = byId("status");
const siteName = document.title;

async function run() {
  const parts = (new URLSearchParams(location.search).get("document") ?? "").split("/");
  const waiting = setTimeout(() => { status.textContent = "Opening the page…"; }, 200);
  try {
    if (parts.some((part) => /^\.{0,2}$/.test(part))) throw new ServiceError(404);
    // An id may hold slashes, which belong to the path; everything else is escaped.
    show(await getJson(`documents/${parts.map(encodeURIComponent).join("/")}`));
    status.textContent = "";
  } catch (error) {
    showError(error instanceof ServiceError ? error : new ServiceError(500));
  }
  clearTimeout(waiting);
  article.setAttribute("aria-busy", "false");
  markPlace();
}

/** @param {FullDocument} full */
function show({ title, url, lang, updated, passages }) {
  const published = webAddress(url);
  document.title = `${title} – ${siteName}`;
  article.replaceChildren(
    element("h1", { dir: "auto", lang: lang || null }, title),
    element("p", { class: "byline" }, ...date(updated), published ? element("a", { href: published }, "The original page") : null));
  /** @type {string[]} */
  let above = [];
  for (const { passage_id, kind, heading_path: path, question, text, lang } of passages) {
    path.forEach((heading, level) => {
      // A heading is new when it, or one above it, differs from those of the passage before.
      if (path.slice(0, level + 1).some((part, at) => part !== above[at])) article.append(headingOf(level, heading));
    });
    above = path;
    article.append(element("section", { id: passage_id, class: `passage ${kind}`, lang: lang || null, dir: "auto", tabindex: -1 },
      question ? headingOf(path.length, question) : null,
      element("div", { class: "prose" }, textBlocks(text))));
  }
}

/** @param {number} level  0 directly below the title @param {string} text */
function headingOf(level, text) {
  return element(`h${Math.min(level + 2, 6)}`, { dir: "auto" }, text);
}

/** @param {string | null} iso */
function date(iso) {
  const day = new Date(iso ?? "");
  if (Number.isNaN(day.valueOf())) return [];
  const words = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(day);
  return ["Updated ", element("time", { datetime: iso }, words)];
}

/** @param {ServiceError} error */
function showError(error) {
  const missing = error.status === 404;
  const title = missing ? "This page is no longer here" : error.title;
  const text = missing ? "It may have been moved or rewritten. Asking your question again may find what took its place." : error.text;
  document.title = `${title} – ${siteName}`;
  status.textContent = title;
  article.replaceChildren(element("div", { class: "panel" }, element("h1", {}, title), element("p", {}, text), missing
    ? element("a", { class: "secondary", href: "./" }, "Ask a question")
    : element("button", { class: "secondary", type: "button", click: () => void run() }, "Try again")));
}

/** Scrolls to the passage named in the address, marks it, and lets reading go on from there. */
function markPlace() {
  let id = location.hash.slice(1);
  try {
    id = decodeURIComponent(id);
  } catch {
    // A stray % in the address: take it as it stands.
  }
  const place = [...article.querySelectorAll(".passage")].find((passage) => passage.id === id);
  article.querySelector(".here")?.classList.remove("here");
  if (!(place instanceof HTMLElement)) return;
  place.classList.add("here");
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "start" });
}

function leadBack() {
  try {
    const asked = sessionStorage.getItem("answers");
    if (!asked) return;
    byId("back").setAttribute("href", `./${asked}`);
    byId("back").textContent = "Back to your answers";
  } catch {
    // Without storage the link leads to the empty search page.
  }
}

addEventListener("hashchange", markPlace);
leadBack();
void run();
