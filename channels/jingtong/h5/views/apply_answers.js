// What the applicant has declared so far, and what is missing or cannot be read before anybody is asked.

const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/;
const DOCUMENT_NO_LENGTH = 18;

/** A document number that is typed to its end needs no leaving of its field. */
export function typedToTheEnd(name, value) {
  return name === "spouseDocumentNo" && value.length === DOCUMENT_NO_LENGTH;
}

/** Amounts as people write them, 3,200,000 or 3200000元, as the service reads them. */
export function plainAmount(text) {
  return String(text).replace(/[\s,，元¥]/g, "");
}

export function isAmount(text) {
  return AMOUNT.test(text);
}

export function notAnAmount({ name, title }) {
  return { field: name, message: `${title}请填写数字，最多两位小数，例如 5000.00。` };
}

export class Answers {
  #given = {};

  /** `prefill`: what was declared last, [{ name, value }]. */
  constructor(kind, cards, prefill) {
    this.kind = kind;
    this.#given.cardId = (cards.find((card) => card.isDefault) ?? cards[0])?.id ?? "";
    if (this.arranged) this.#given.frequency = kind.frequencies.includes("QUARTERLY") && kind.form === "rent"
      ? "QUARTERLY" : kind.frequencies[0];
    if (kind.form === "rent") this.#given.autoRenewal = false;
    if (kind.form !== "closure") this.#given.commitment = false;
    const known = new Set(kind.fields.map(({ name }) => name));
    for (const { name, value } of prefill) if (known.has(name)) this.#given[name] = value;
  }

  /** Whether its input takes a frequency at all. */
  get arranged() {
    return this.kind.form === "rent" || this.kind.form === "home";
  }

  get married() {
    return this.kind.family && this.kind.form !== "closure";
  }

  of(name) {
    return this.#given[name] ?? "";
  }

  set(name, value) {
    this.#given[name] = value === "" ? null : this.#read(name, value);
  }

  #read(name, value) {
    return this.#typeOf(name) === "money" ? plainAmount(value) : value;
  }

  #typeOf(name) {
    return this.kind.fields.find((field) => field.name === name)?.type;
  }

  /** Everything required is there and can be read. */
  get complete() {
    const { spouseName, spouseDocumentNo } = this.#given;
    const whole = Boolean(spouseName) === Boolean(spouseDocumentNo);
    return whole && !this.missing.length && !this.malformed.length;
  }

  get missing() {
    return this.kind.fields.filter(({ name, required }) => required && !this.#given[name])
      .map(({ name, title }) => ({ field: name, message: `请填写${title}。` }));
  }

  get malformed() {
    return this.kind.fields
      .filter(({ name, type }) => type === "money" && this.#given[name] && !isAmount(this.#given[name]))
      .map(notAnAmount);
  }

  /** As if the commitment were made, so that the amount is there to see before anything is signed. */
  toQuote() {
    return "commitment" in this.#given ? { ...this.#given, commitment: true } : { ...this.#given };
  }

  /** For a draft: what is signed is signed anew. */
  toKeep() {
    const { commitment: _, ...given } = this.#given;
    return JSON.stringify({ kind: this.kind.code, given });
  }

  /** Only what this form knows, and a card only if it is still there. */
  restore(content, cards) {
    const { kind, given } = JSON.parse(content);
    if (kind !== this.kind.code) return;
    const known = new Set([...Object.keys(this.#given), "spouseName", "spouseDocumentNo",
      ...this.kind.fields.map(({ name }) => name)]);
    for (const [name, value] of Object.entries(given)) {
      if (known.has(name) && name !== "commitment" && (name !== "cardId" || cards.some(({ id }) => id === value))) {
        this.#given[name] = value;
      }
    }
  }

  toSubmit() {
    return { ...this.#given };
  }
}
