// 补正: what was asked, the form's fields with what was declared, and the applicant's answer; all is judged again.

import * as api from "../api.js";
import { CORRECT_CASE } from "../documents.js";
import { Refusal } from "../errors.js";
import { date } from "../format.js";
import { button, el, fill, isLoginNeeded, notice, says, section, sentence, showRefusals } from "../ui.js";
import { isAmount, notAnAmount, plainAmount } from "./apply_answers.js";
import { checkbox, declared } from "./apply_form.js";

const STATEMENT = { min: 4, max: 1000 };
const SPOUSE = ["spouseName", "spouseDocumentNo"];

/** One form for one request to correct: it keeps what was typed while the case around it is drawn anew. */
export class Correcting {
  #keys = new api.RequestKeys();
  #given = {}; // only what was touched
  #unmarried = false;

  /** `onDone()` after it was handed in again. */
  constructor(shown, { go, onDone }) {
    Object.assign(this, { id: shown.id, fields: shown.correctableFields, go, onDone });
    const [asked] = shown.corrections;
    this.saying = el("div", { "aria-live": "polite" });
    this.statement = el("textarea", {
      id: "statement", name: "statement", class: "input", rows: 4, maxlength: STATEMENT.max,
      "aria-describedby": "statement-says" });
    const own = this.fields.filter((one) => !isSpouse(one));
    const spouse = this.fields.filter(isSpouse);
    this.element = el("div", { class: "fields correcting" },
      section("补正要求", notice("plain",
        el("p", { class: "notice-title", text: `请在${date(asked.dueOn)}前补正` }),
        el("p", { text: asked.reason }), el("p", { text: asked.note }))),
      own.length > 0 && section("申报内容",
        el("p", { class: "hint", text: "请直接修改有误的内容，没有问题的不用改。重新提交后会按改后的内容重新核验。" }),
        own.map((one) => this.#field(one))),
      section("配偶信息", spouse.map((one) => this.#field(one)),
        spouse.some(({ value }) => value) && checkbox({ field: "unmarried", label: "删除已申报的配偶信息", value: false,
          note: "现为未婚、离异或丧偶的请勾选", onChange: (value) => { this.#unmarried = value; } })),
      section("补正说明",
        el("div", { class: "field", "data-field": "statement" },
          el("label", { class: "label", for: "statement", text: `补正说明（${STATEMENT.min}至${STATEMENT.max}字）` }),
          this.statement, says("statement-says")),
        this.saying,
        button("重新提交", () => this.#send(), { id: "correct", busyLabel: "正在核验…" })));
  }

  /** Personal data is shown masked beside an empty field: what is left empty stays as it was. */
  #field({ field, value, masked }) {
    const shown = masked && value ? { ...field, hint: `已申报：${value}。不改的留空，要改的请填写完整` } : field;
    return declared(shown, {
      value: masked ? "" : value,
      onChange: (text) => { this.#given[field.name] = field.type === "money" ? plainAmount(text) : text; },
    });
  }

  /** What is different from what was declared. */
  #changes() {
    const changed = this.fields.filter(({ field, value, masked }) => {
      const text = this.#given[field.name];
      return masked ? Boolean(text) : text !== undefined && text !== value;
    }).map(({ field }) => ({ name: field.name, value: this.#given[field.name] }));
    return this.#unmarried
      ? [...changed.filter(({ name }) => !SPOUSE.includes(name)), ...SPOUSE.map((name) => ({ name, value: "" }))]
      : changed;
  }

  /** What can be seen to be wrong before anybody is asked. */
  #wrong() {
    const wrong = this.fields.map(({ field, masked }) => {
      const text = this.#given[field.name];
      if (masked || text === undefined) return null;
      if (field.required && !text) return { field: field.name, message: `请填写${field.title}。` };
      return field.type === "money" && text && !isAmount(text) ? notAnAmount(field) : null;
    }).filter(Boolean);
    const said = this.statement.value.trim().length;
    return said >= STATEMENT.min && said <= STATEMENT.max ? wrong : [...wrong, {
      field: "statement", message: `请填写${STATEMENT.min}至${STATEMENT.max}个字的补正说明，逐项说明补正要求中的问题。` }];
  }

  async #send() {
    const wrong = this.#wrong();
    if (wrong.length) return this.#refused(wrong);
    try {
      const input = { id: this.id, statement: this.statement.value, fields: this.#changes() };
      await api.mutate(CORRECT_CASE, input, this.#keys);
    } catch (error) {
      if (isLoginNeeded(error)) return this.go("/login", { replace: true });
      if (error instanceof Refusal) return this.#refused(error.userErrors);
      showRefusals(this.element, []);
      fill(this.saying, notice("trouble", el("p", { text: sentence(error) }),
        error.retryable && el("p", { class: "small", text: "再次点击“重新提交”即可，不会重复提交。" })));
      return undefined;
    }
    return this.onDone();
  }

  #refused(userErrors) {
    const general = showRefusals(this.element, userErrors);
    fill(this.saying, notice("refusal", el("p", { class: "notice-title", text: "还不能提交，您填写的内容都已保留" }),
      general.map(({ message }) => el("p", { text: message })),
      userErrors.length > general.length && el("p", { text: "请按红色提示修改后重新提交。" })));
    const first = this.element.querySelector(".refused");
    (first ?? this.saying).scrollIntoView({ block: "center" });
    first?.querySelector("input, textarea")?.focus({ preventScroll: true });
  }
}

function isSpouse({ field }) {
  return SPOUSE.includes(field.name);
}
