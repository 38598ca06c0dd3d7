/**
 * How a passage looks on the page. Content reaches the document as text nodes only, never as markup.
 *
 * @typedef {import("./service.js").Hit} Hit
 * @typedef {import("./service.js").Highlight} Highlight
 */

/**
 * @param {string} name
 * @param {Record<string, string | number | null | ((event: any) => void)>} [attributes]  functions become listeners
 * @param {...(Node | string | null)} children
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null) node.setAttribute(key, String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Content may carry any address; only web and root-relative ones may be followed. @param {string | null | undefined} address */
export function webAddress(address) {
  return address && /^(https?:\/\/|\/(?![/\\]))/i.test(address) ? address : null;
}

/** Where to read a passage: on its own published page, else in the reading view. @param {Hit} hit */
function placeOf(hit) {
  return webAddress(hit.url) ?? `read?document=${encodeURIComponent(hit.document.id)}#${encodeURIComponent(hit.passage_id)}`;
}

/**
 * Paragraphs, bullet lists and line breaks of a plain text, with the answering sentence marked.
 * @param {string} text
 * @param {Highlight | null} [highlight]
 */
export function textBlocks(text, highlight) {
  const blocks = new DocumentFragment();
  /** @type {HTMLElement | null} */
  let block = null;
  let offset = 0;
  for (const line of text.split("\n")) {
    const points = Array.from(line); // code points: as a string, an emoji would count twice
    const indent = line.startsWith("- ") ? 2 : 0;
    const name = indent ? "ul" : "p";
    const content = marked(points.slice(indent), offset + indent, highlight);
    offset += points.length + 1;
    if (!line.trim()) {
      block = null;
      continue;
    }
    if (block?.localName !== name) blocks.append((block = element(name)));
    else if (!indent) block.append(element("br"));
    block.append(...(indent ? [element("li", {}, ...content)] : content));
  }
  return blocks;
}

/** @param {string[]} points @param {number} offset  of the first of them in the text @param {Highlight | null} [highlight] */
function marked(points, offset, highlight) {
  const start = Math.max(0, (highlight?.start ?? 0) - offset);
  const end = Math.min(points.length, (highlight?.end ?? 0) - offset);
  if (start >= end) return [points.join("")];
  const [before, answer, after] = [points.slice(0, start), points.slice(start, end), points.slice(end)].map((part) => part.join(""));
  return [before, element("mark", {}, answer), after];
}

/** The text, folded when it is long. @param {Hit} hit @param {number} limit  characters shown before folding */
function foldableText({ text, highlight }, limit) {
  const head = foldedHead(text, limit, highlight);
  const body = element("div", { class: "prose" }, textBlocks(text, highlight));
  if (head === text) return [body];
  const toggle = () => {
    const all = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(all));
    button.textContent = all ? "Show less" : "Show all";
    body.replaceChildren(textBlocks(all ? text : `${head} …`, highlight));
  };
  const button = element("button", { class: "quiet", type: "button", click: toggle });
  toggle();
  return [body, button];
}

/** Whole sentences up to the limit, at least to the end of what answers. @param {string} text @param {number} limit @param {Highlight | null} [highlight] */
function foldedHead(text, limit, highlight) {
  const needed = Array.from(text).slice(0, highlight?.end ?? 0).join("").length;
  let head = "";
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)) {
    if (head && head.length >= needed && head.length + segment.length > limit) break;
    head += segment;
  }
  // Hiding a line or two would cost a tap and save nothing.
  return text.length - head.length > limit / 4 ? head.trimEnd() : text;
}

/** One hit as a card. @param {Hit} hit @param {number} limit  characters shown before folding */
export function card(hit, limit) {
  const headings = hit.heading_path.join(" › ");
  return element("article", { class: "card", lang: hit.lang || null, dir: "auto" },
    element("h3", { tabindex: -1 }, hit.question || headings || hit.document.title),
    hit.matched?.by === "alternate" ? element("p", { class: "alternate" }, `also asked as: ${hit.matched.text}`) : null,
    ...foldableText(hit, limit),
    element("p", { class: "source" }, element("a", { href: placeOf(hit) },
      element("span", { class: "source-title" }, hit.document.title), headings && ` › ${headings}`)));
}
