/**
 * The search service as these pages see it: typed replies, and one error that knows how to speak to a visitor.
 *
 * @typedef {{start: number, end: number}} Highlight  offsets into a text, counted in Unicode code points
 * @typedef {{passage_id: string, kind: "faq" | "paragraph", document: {id: string, title: string}, url: string | null,
 *   heading_path: string[], question: string | null, text: string, lang: string,
 *   matched?: {by: string, text: string}, highlight?: Highlight | null}} Hit
 * @typedef {{answered: "high" | "partial" | "none", hits: Hit[], related: {question: string}[], total: number}} SearchResult
 */

const PATIENCE_MS = 20_000;

/** A request that brought no usable reply; status 0 means that nothing came back at all. */
export class ServiceError extends Error {
  constructor(/** @type {number} */ status, /** @type {unknown} */ detail = "", /** @type {string | null} */ retryAfter = null) {
    super(`search service: ${status}`);
    this.status = status;
    /** Asking the same again cannot help: the question itself was refused. */
    this.aboutQuestion = [400, 413, 414, 422].includes(status);
    const seconds = Math.ceil(Number(retryAfter));
    const when = seconds > 1 ? `in about ${seconds} seconds` : "in a moment";
    // Only a plain sentence is fit to be shown; anything that looks like code is not.
    const plain = typeof detail === "string" && detail.length < 300 && !/[{}[\]<>]/.test(detail) ? detail : "";
    const told = plain.replace(/^q: /, "The question ");
    const words =
      status === 0 ? ["We couldn’t reach the search", "The connection may have dropped for a moment."]
      : status === 503 || status === 429 ? ["The search is busy just now", `Please try again ${when}.`]
      : this.aboutQuestion ? ["That question didn’t go through", told || "Please ask it in other words, or a little shorter."]
      : ["Something went wrong on our side", `It has nothing to do with what you asked. Please try again ${when}.`];
    this.title = words[0];
    this.text = words[1];
  }
}

/**
 * @param {string} path  relative to the page, so that everything works behind a path prefix
 * @returns {Promise<any>}
 * @throws {ServiceError}
 */
export function getJson(path) {
  return json(path, {});
}

/**
 * Asks in the body of a request: addresses are in the logs of every proxy, and what a visitor types is not to be there.
 *
 * @param {Record<string, string | number>} parameters  empty ones are left out
 * @param {AbortSignal} signal
 * @returns {Promise<SearchResult>}
 * @throws {ServiceError}
 */
export function search(parameters, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  // Where a field is full, it may end in half a character, which is no text that could be sent.
  const body = JSON.stringify(Object.fromEntries(given), (_, value) =>
    typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value);
  return json("search", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
}

/** @param {string} path @param {RequestInit} request */
async function json(path, { signal, headers, ...request }) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  signal?.addEventListener("abort", () => patience.abort(), { once: true });
  try {
    const response = await fetch(path, { ...request, signal: patience.signal, headers: { ...headers, Accept: "application/json" } });
    if (response.ok) return await response.json();
    const problem = await response.json().catch(() => null);
    throw new ServiceError(response.status, problem?.detail, response.headers.get("Retry-After"));
  } catch (error) {
    throw error instanceof ServiceError ? error : new ServiceError(0);
  } finally {
    clearTimeout(timer);
  }
}
