import { element } from "./passage.js";
import { search } from "./service.js";

const PAUSE_MS = 150;
const FEWEST_CHARACTERS = 3;
const SUGGESTIONS = 6;
const WARN_BELOW = 100;

/**
 * The question field with suggestions: the W3C editable combobox with list and manual selection, around a form that
 * is plain without this script. Fires `ask` with the question as its detail.
 */
export class SearchBox extends HTMLElement {
  /** Suggest within this topic only, "" for all. */
  topic = "";
  input = /** @type {HTMLInputElement} */ (this.querySelector("input"));
  #list = /** @type {HTMLElement} */ (this.querySelector("[role=listbox]"));
  #hint = /** @type {HTMLElement} */ (this.querySelector(".hint"));
  #active = -1;
  #suggestedFor = "";
  #timer = 0;
  #request = new AbortController();

  connectedCallback() {
    const combobox = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.#list.id };
    for (const [name, value] of Object.entries(combobox)) this.input.setAttribute(name, value);
    this.input.addEventListener("input", (event) => this.#typed(/** @type {InputEvent} */ (event)));
    this.input.addEventListener("compositionend", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.#close());
    // Keeps the focus in the field while a suggestion is pressed, by mouse or by touch.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = /** @type {Element} */ (event.target).closest("[role=option]");
      if (option) this.#ask(option.textContent);
    });
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(this.value);
    });
    this.addEventListener("reset", (event) => {
      event.preventDefault();
      this.value = "";
      this.input.focus();
    });
  }

  get value() {
    return this.input.value;
  }

  set value(question) {
    this.input.value = question;
    this.#close();
    this.#warn();
  }

  #typed(/** @type {InputEvent | undefined} */ event = undefined) {
    this.#warn();
    // Half-composed characters are not yet what the visitor means to write.
    if (event?.isComposing) return;
    this.#forget();
    this.#activate(-1);
    if (this.#tooShort()) this.#close();
    else this.#timer = setTimeout(() => this.#suggest(), PAUSE_MS);
  }

  #tooShort() {
    return Array.from(this.value.trim()).length < FEWEST_CHARACTERS;
  }

  async #suggest() {
    const typed = this.value.trim();
    this.#forget();
    if (this.#tooShort()) return;
    const { signal } = this.#request;
    const result = await search({ q: typed, limit: SUGGESTIONS, kind: "faq", tag: this.topic }, signal).catch(() => null);
    // Aborting is not enough: the reply may have been read just before the next key was pressed.
    if (signal.aborted) return;
    // Suggestions are a courtesy: when they fail, there are none.
    const questions = (result?.hits ?? []).flatMap((hit) => (hit.kind === "faq" && hit.question ? [hit.question] : []));
    this.#suggestedFor = typed;
    this.#list.replaceChildren(...[...new Set(questions)].map((question, index) =>
      element("li", { id: `suggestion-${index}`, role: "option", "aria-selected": "false", dir: "auto" }, question)));
    this.#open();
  }

  #key(/** @type {KeyboardEvent} */ event) {
    // 229 is Safari's way to say that this key only ended a composition.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    const option = this.#list.children[this.#active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const down = event.key === "ArrowDown";
      if (event.altKey && !down) this.#close();
      else void this.#move(event.altKey ? 0 : down ? 1 : -1);
    } else if (event.key === "Enter" && option) {
      this.#ask(option.textContent);
    } else if (event.key === "Escape") {
      if (this.#list.hidden) this.value = "";
      this.#close();
    } else {
      // Moving the cursor means going on with the text.
      if (["Home", "End", "ArrowLeft", "ArrowRight"].includes(event.key)) this.#activate(-1);
      return;
    }
    event.preventDefault();
  }

  /** Opens the list if need be; then to the next or previous option, or with 0 to none. */
  async #move(/** @type {1 | 0 | -1} */ step) {
    if (this.#list.hidden && this.#suggestedFor === this.value.trim()) this.#open();
    else if (this.#list.hidden) await this.#suggest();
    const count = this.#list.hidden ? 0 : this.#list.children.length;
    if (count > 0 && step !== 0) this.#activate(this.#active < 0 && step < 0 ? count - 1 : (this.#active + step + count) % count);
  }

  #open() {
    this.#list.hidden = this.#list.children.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.#list.hidden));
    this.#activate(-1);
  }

  #close() {
    this.#forget();
    this.#list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.#activate(-1);
  }

  /** Gives up the suggestions under way, so that a late reply cannot overtake a newer one. */
  #forget() {
    clearTimeout(this.#timer);
    this.#request.abort();
    this.#request = new AbortController();
  }

  #activate(/** @type {number} */ index) {
    this.#active = index;
    [...this.#list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = this.#list.children[index];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #warn() {
    const most = this.input.maxLength;
    // In tens, so that a screen reader does not count every key aloud.
    const left = Math.ceil((most - this.value.length) / 10) * 10;
    const words = left <= 0 ? `A question can have up to ${most} characters.` : left <= WARN_BELOW ? `About ${left} characters left` : "";
    if (this.#hint.textContent !== words) this.#hint.textContent = words;
  }

  #ask(/** @type {string} */ text) {
    this.value = text.trim();
    if (this.value) return void this.dispatchEvent(new CustomEvent("ask", { detail: this.value }));
    this.#hint.textContent = "Type a question first, in your own words.";
    this.input.focus();
  }
}

customElements.define("search-box", SearchBox);
