// Applying for a rent withdrawal: choose, see the quote with its reasons, commit, submit once.

import * as api from "../api.js";
import { APPLY_FOR_RENT_WITHDRAWAL, QUOTE_RENT_WITHDRAWAL, RENT_WITHDRAWAL_FORM } from "../documents.js";
import { Refusal } from "../errors.js";
import { amount } from "../format.js";
import { button, el, empty, fill, isLoginNeeded, notice, section, sentence, showRefusals, textField } from "../ui.js";
import { checkbox, commitment, FREQUENCIES, introduction, radioGroup } from "./apply_form.js";
import { quotePanel, submitted } from "./apply_quote.js";

const DOCUMENT_NO_LENGTH = 18;

export async function showApply(main, code, go) {
  const form = await api.query(RENT_WITHDRAWAL_FORM, { code });
  const impossible = whyNot(form);
  if (impossible) return void fill(main, impossible);
  const desk = new Desk(main, form, go);
  desk.draw();
  await desk.quote();
  return () => desk.close();
}

function whyNot({ serviceItem, accounts }) {
  const home = el("a", { class: "button button-secondary", href: "#/", text: "返回首页" });
  if (!serviceItem?.open) return empty("这项服务还未开通", "开通后会在服务列表中显示为可办理，敬请期待。", home);
  if (!accounts.length) return empty("没有查到您的公积金账户", "请联系单位经办人核对您的证件号码，或拨打12329咨询。", home);
  return null;
}

class Desk {
  #input;
  #keys = new api.RequestKeys();
  #asked = 0;
  #quoted = "";
  #submitting = false;

  constructor(main, form, go) {
    Object.assign(this, { main, form, go });
    const cards = form.accounts.flatMap((account) => account.cards);
    this.cards = cards;
    this.#input = {
      frequency: "QUARTERLY",
      cardId: (cards.find((card) => card.isDefault) ?? cards[0])?.id ?? "",
      autoRenewal: false,
      commitment: false,
      spouseName: null,
      spouseDocumentNo: null,
    };
  }

  draw() {
    this.quoteBox = el("div", { class: "quote-box" });
    this.refusalBox = el("div", {});
    this.amountBox = el("strong", { class: "dock-amount", text: "—" });
    this.submitButton = button("提交申请", () => this.submit(), { id: "submit", busyLabel: "正在提交…" });
    this.fields = el("div", { class: "fields" }, this.#fields());
    fill(
      this.main,
      el("h1", { class: "page-title", text: this.form.serviceItem.name }),
      introduction(this.form),
      this.fields,
      section("试算结果", this.quoteBox),
      this.refusalBox,
      el("div", { class: "dock" },
        el("div", { class: "dock-words" }, el("span", { class: "small quiet", text: "本次可提取" }), this.amountBox),
        this.submitButton),
    );
  }

  #fields() {
    const set = (name) => (value, settled = true) => this.#change(name, value, settled);
    return [
      section("提取方式", radioGroup({ field: "frequency", legend: "多久提取一次", options: FREQUENCIES,
        value: this.#input.frequency, onChange: set("frequency") })),
      section("收款银行卡", radioGroup({ field: "cardId", legend: "款项转入本人银行卡", value: this.#input.cardId,
        onChange: set("cardId"), nothing: "您还没有登记银行卡，请携带身份证件和本人银行卡到就近管理部登记。",
        options: this.cards.map((card) => ({ value: card.id, label: card.bankName, note: card.cardNoMasked })) })),
      section("配偶信息",
        el("p", { class: "hint", text: "已婚的请填写；未婚、离异或丧偶的，请将两项都留空。" }),
        textField({ name: "spouseName", label: "配偶姓名", onChange: set("spouseName") }),
        textField({ name: "spouseDocumentNo", label: "配偶证件号码", maxlength: 18, spellcheck: "false",
          autocapitalize: "characters", onChange: set("spouseDocumentNo") })),
      section("到期自动接续", checkbox({ field: "autoRenewal", value: this.#input.autoRenewal,
        label: "同意到期后自动接续",
        note: "每次办理的有效期内按期提取。同意后，到期前我们会重新核验，仍符合条件的自动续办，无需再次申请；"
          + "不同意的，到期前会以短信提醒您。接续后可随时终止。",
        onChange: set("autoRenewal") })),
      section("授权与承诺", commitment({ value: this.#input.commitment, onChange: set("commitment") })),
    ];
  }

  #change(name, value, settled) {
    const given = value === "" ? null : value;
    this.#input = { ...this.#input, [name]: given };
    if (name === "commitment") return; // the quote does not depend on it
    if (this.#ready(settled)) {
      if (JSON.stringify(this.#quoteInput()) !== this.#quoted) this.quote();
      return;
    }
    this.#quoted = "";
    this.#asked += 1; // an answer under way is about something else
    this.#say("填完后试算", { stale: true });
  }

  /** A quote asks other agencies, so it waits until what was begun is complete. */
  #ready(settled) {
    const { spouseName, spouseDocumentNo } = this.#input;
    const whole = Boolean(spouseName) === Boolean(spouseDocumentNo);
    return whole && (settled || spouseDocumentNo?.length === DOCUMENT_NO_LENGTH);
  }

  #say(words, { certain = false, stale = false } = {}) {
    this.amountBox.textContent = words;
    this.amountBox.classList.toggle("quiet", !certain);
    if (stale) this.quoteBox.setAttribute("aria-busy", "true");
    else this.quoteBox.removeAttribute("aria-busy");
  }

  /** As if the commitment were made, so that the amount is there to see before anything is signed. */
  #quoteInput() {
    return { ...this.#input, commitment: true };
  }

  async quote() {
    const mine = ++this.#asked;
    const input = this.#quoteInput();
    this.#quoted = JSON.stringify(input);
    this.#say("试算中…", { stale: true });
    try {
      const { quoteRentWithdrawal: { quote, userErrors } } = await api.query(QUOTE_RENT_WITHDRAWAL, { input });
      if (mine !== this.#asked) return;
      const general = showRefusals(this.fields, userErrors);
      fill(this.refusalBox);
      const allowed = Boolean(quote) && !userErrors.length;
      this.#say(allowed ? `¥${amount(quote.amount)}` : "暂不能提取", { certain: allowed });
      fill(this.quoteBox, quotePanel({ quote, general, refused: userErrors.length }));
    } catch (error) {
      if (isLoginNeeded(error)) return this.go("/login", { replace: true });
      if (mine !== this.#asked) return;
      this.#quoted = "";
      this.#say("—");
      fill(this.quoteBox, notice("trouble", el("p", { text: sentence(error) }),
        button("重新试算", () => this.quote(), { kind: "quiet" })));
    }
  }

  async submit() {
    if (this.#submitting) return;
    this.#submitting = true;
    fill(this.refusalBox);
    try {
      const { case: made } = await api.mutate(APPLY_FOR_RENT_WITHDRAWAL, this.#input, this.#keys);
      history.replaceState(null, "", `#/case/${made.id}`); // going back or reloading must not lead into the form again
      this.close();
      submitted(this.main, made);
    } catch (error) {
      if (isLoginNeeded(error)) return this.go("/login", { replace: true });
      this.#showTrouble(error);
    } finally {
      this.#submitting = false;
    }
  }

  #showTrouble(error) {
    if (error instanceof Refusal) {
      const general = showRefusals(this.fields, error.userErrors);
      fill(this.refusalBox, notice("refusal",
        el("p", { class: "notice-title", text: "还不能提交" }),
        ...(general.length ? general.map(({ message }) => el("p", { text: message }))
          : [el("p", { text: "请按红色提示修改后重新提交。" })])));
      const first = this.fields.querySelector(".refused");
      (first ?? this.refusalBox).scrollIntoView({ block: "center" });
      first?.querySelector("input")?.focus({ preventScroll: true });
      return;
    }
    fill(this.refusalBox, notice("trouble", el("p", { text: sentence(error) }),
      error.retryable && el("p", { class: "small", text: "再次点击“提交申请”即可，不会重复提交。" })));
    this.refusalBox.scrollIntoView({ block: "center" });
  }

  close() {
    this.#asked += 1;
  }
}
