// Applying for a withdrawal of any kind: choose the kind, fill in its form, see the quote, commit, submit once.

import * as api from "../api.js";
import { DRAFT, SAVE_DRAFT, WITHDRAWAL_FORM, WITHDRAWAL_KINDS } from "../documents.js";
import { Refusal } from "../errors.js";
import { amount } from "../format.js";
import { isKiosk } from "../kiosk.js";
import { button, confirmed, el, empty, fill, icon, isLoginNeeded, notice, section, sentence, showRefusals } from "../ui.js";
import { applying, quoting } from "../operations.js";
import { Answers, typedToTheEnd } from "./apply_answers.js";
import { fieldsOf, introduction } from "./apply_form.js";
import { quotePanel, submitted } from "./apply_quote.js";
import { facePanel, stepUpOf } from "./face.js";

const SAVE_AFTER_MILLISECONDS = 800;

/** `place`: the code of an item, or of an item and one of its kinds, as `C20/rent_invoiced`. */
export async function showApply(main, place, go) {
  let [item, code] = place.split("/");
  if (!code) {
    const { serviceItem, withdrawalKinds: kinds } = await api.query(WITHDRAWAL_KINDS, { item });
    if (!serviceItem?.open || !kinds.length) return void fill(main, notOpen());
    if (kinds.length > 1) return void fill(main, choice(serviceItem, kinds));
    code = kinds[0].code;
  }
  const { withdrawalKind: kind, ...form } = await api.query(WITHDRAWAL_FORM, { item, kind: code });
  if (!kind) return void fill(main, notOpen());
  // an heir needs a card of their own to be paid to, and so an account
  if (!form.accounts.length) return void fill(main, noAccount());
  const draft = isKiosk ? (await api.query(DRAFT, { item })).draft : null;
  const desk = new Desk(main, { ...form, kind }, go, draft);
  desk.draw();
  await desk.quote();
  return () => desk.close();
}

const home = () => el("a", { class: "button button-secondary", href: "#/", text: "返回首页" });
const notOpen = () => empty("这项服务还不能在这里办理", "可以到就近管理部办理，或拨打12329咨询。", home());
const noAccount = () =>
  empty("没有查到您的公积金账户", "请联系单位经办人核对您的证件号码，或拨打12329咨询。", home());

/** One item has several kinds: which of them it is. */
function choice(serviceItem, kinds) {
  return [
    el("h1", { class: "page-title", text: serviceItem.name.replace(/（.*?）/g, "") }),
    el("p", { class: "quiet", text: "请选择符合您情况的一种。" }),
    el("ul", { class: "rows" }, kinds.map((kind) => el("li", {},
      el("a", { class: "row", href: `#/apply/${serviceItem.code}/${kind.code}` },
        el("span", { class: "row-main" },
          el("span", { class: "row-title", text: kind.name }),
          el("span", { class: "quiet small", text: kind.about }),
          el("span", { class: "small limit", text: kind.limit })),
        icon("next"))))),
  ];
}

class Desk {
  #answers;
  #keys = new api.RequestKeys();
  #asked = 0;
  #quoted = "";
  #submitting = false;
  #sure = false;
  #saving = null;

  constructor(main, form, go, draft) {
    Object.assign(this, { main, form, go, kind: form.kind });
    this.cards = form.accounts.flatMap((account) => account.cards);
    this.#answers = new Answers(form.kind, this.cards, form.withdrawalPrefill);
    if (draft) this.#answers.restore(draft.content, this.cards);
  }

  draw() {
    this.quoteBox = el("div", { class: "quote-box" });
    this.refusalBox = el("div", {});
    this.amountBox = el("strong", { class: "dock-amount", text: "—" });
    this.submitButton = button("提交申请", () => this.submit(), { id: "submit", busyLabel: "正在提交…" });
    this.fields = el("div", { class: "fields" }, fieldsOf({
      kind: this.kind, cards: this.cards, answers: this.#answers, prefill: this.form.withdrawalPrefill,
      onChange: (name) => (value, settled = true) => this.#change(name, value, settled),
    }));
    fill(
      this.main,
      el("h1", { class: "page-title", text: this.kind.name }),
      introduction(this.form),
      this.fields,
      section("试算结果", this.quoteBox),
      this.refusalBox,
      el("div", { class: "dock" },
        el("div", { class: "dock-words" }, el("span", { class: "small quiet", text: "本次可提取" }), this.amountBox),
        this.submitButton),
    );
  }

  #change(name, value, settled) {
    this.#answers.set(name, value);
    this.#keepDraft();
    if (name === "commitment") return; // the quote does not depend on it
    if ((settled || typedToTheEnd(name, value)) && this.#answers.complete) {
      if (JSON.stringify(this.#answers.toQuote()) !== this.#quoted) this.quote();
      return;
    }
    this.#quoted = "";
    this.#asked += 1; // an answer under way is about something else
    this.#wait();
  }

  /** What is filled in is not enough to ask other agencies about. */
  #wait() {
    const wrong = this.#answers.malformed;
    if (wrong.length) showRefusals(this.fields, wrong);
    this.#say("填完后试算", { stale: true });
    if (!this.quoteBox.childElementCount) {
      fill(this.quoteBox, el("p", { class: "hint", text: "填好上面的必填内容后，这里会显示能提取多少，以及怎么算出来的。" }));
    }
  }

  #say(words, { certain = false, stale = false } = {}) {
    this.amountBox.textContent = words;
    this.amountBox.classList.toggle("quiet", !certain);
    if (stale) this.quoteBox.setAttribute("aria-busy", "true");
    else this.quoteBox.removeAttribute("aria-busy");
  }

  async quote() {
    if (!this.#answers.complete) return this.#wait();
    const mine = ++this.#asked;
    const input = this.#answers.toQuote();
    this.#quoted = JSON.stringify(input);
    this.#say("试算中…", { stale: true });
    try {
      const { quote, userErrors } = Object.values(
        await api.query(quoting(this.kind.form), { kind: this.kind.code, input }))[0];
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
    const missing = [...this.#answers.missing, ...this.#answers.malformed];
    if (missing.length) return this.#showTrouble(new Refusal(missing));
    this.#submitting = true;
    fill(this.refusalBox);
    try {
      if (this.kind.closure && !this.#sure && !(await sureToClose())) return;
      this.#sure = true;
      const { case: made } = await api.mutate(applying(this.kind.operation), this.#answers.toSubmit(), this.#keys);
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
    const stepUp = stepUpOf(error.userErrors);
    if (stepUp) {
      fill(this.refusalBox, facePanel({ stepUp, onPassed: () => this.submit() }));
      return void this.refusalBox.scrollIntoView({ block: "center" });
    }
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

  /** At a kiosk what was filled in outlives a power failure: the same card finds it again, at any kiosk. */
  #keepDraft() {
    if (!isKiosk) return;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => {
      const draft = { item: this.form.serviceItem.code, content: this.#answers.toKeep() };
      api.mutate(SAVE_DRAFT, draft).catch(() => {});
    }, SAVE_AFTER_MILLISECONDS);
  }

  close() {
    clearTimeout(this.#saving);
    this.#asked += 1;
  }
}

function sureToClose() {
  return confirmed({
    title: "提取后账户将销户", text: "余额和利息全部支付后，您的公积金账户会销户，不能恢复。以后重新就业的，由单位重新开户。",
    yes: "确认提交",
  });
}
