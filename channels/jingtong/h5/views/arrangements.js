// 约定提取 in the citizen's hand: what runs, why it waits or ended; changed, paused, taken up again and ended.

import * as api from "../api.js";
import { ARRANGEMENTS, CHANGE_ARRANGEMENT, END_ARRANGEMENT, PAUSE_ARRANGEMENT, RESUME_ARRANGEMENT } from "../documents.js";
import { Refusal } from "../errors.js";
import { amount, date, month } from "../format.js";
import {
  button, confirmed, el, empty, facts, fill, icon, notice, section, sentence, showRefusals, textField, toast,
} from "../ui.js";
import { cardChoice, frequencyChoice, renewal } from "./apply_form.js";

const TONES = { running: "good", paused: "running", requested: "running", ended: "quiet" };

export async function showArrangements(main) {
  const page = new Page(main);
  await page.load();
}

/** The way here from other pages. */
export function arrangementsLink() {
  return el("a", { class: "more", href: "#/arrangements" }, "约定提取管理", icon("next"));
}

class Page {
  #keys = new api.RequestKeys();

  constructor(main) {
    this.main = main;
  }

  async load() {
    const { arrangements, accounts } = await api.query(ARRANGEMENTS);
    this.cards = accounts.flatMap((account) => account.cards);
    fill(
      this.main,
      el("h1", { class: "page-title", text: "约定提取" }),
      arrangements.length ? arrangements.map((one) => this.#card(one))
        : empty("还没有约定提取", "租房、购房等提取可以约定按月、按季等定期支付，办理后在这里管理。",
          el("a", { class: "button button-secondary", href: "#/items", text: "去看看能办什么" })),
    );
  }

  #card(one) {
    const box = el("div", {});
    const live = one.state === "running" || one.state === "paused";
    return section(null,
      el("div", { class: "arrangement", "data-kind": one.kindName },
        el("div", { class: "case-line" }, el("h2", { class: "section-title", text: one.kindName }),
          el("span", { class: `pill pill-${TONES[one.state]}`, text: one.stateName })),
        one.reason && notice("plain", el("p", { text: one.reason })),
        facts([
          ["提取频率", one.frequencyName],
          ["每月限额", one.monthlyLimit && `¥${amount(one.monthlyLimit)}`],
          ["约定总额", one.total && `¥${amount(one.total)}`],
          ["已提取", `¥${amount(one.paid)}`],
          ["约定期限", one.untilMonth ? `${month(one.fromMonth)} 至 ${month(one.untilMonth)}` : `${month(one.fromMonth)}起`],
          ["已付至", one.paidThrough && month(one.paidThrough)],
          ["下次支付", live && one.nextDueOn && date(one.nextDueOn)],
          ["到期接续", one.monthlyLimit && live ? (one.autoRenewal ? "自动接续" : "到期终止，到期前短信提醒") : null],
          ["收款银行卡", live && cardWords(this.cards, one.cardId)],
        ]),
        box,
        live && el("div", { class: "choices" },
          choice("变更", () => this.#change(one, box)),
          one.state === "running"
            ? choice("暂停", () => this.#act(box, PAUSE_ARRANGEMENT, one, PAUSE))
            : choice("恢复", () => this.#act(box, RESUME_ARRANGEMENT, one, RESUME)),
          choice("终止", () => this.#act(box, END_ARRANGEMENT, one, END)))));
  }

  async #act(box, document, one, words) {
    if (words.title && !(await confirmed(words))) return;
    try {
      await api.mutate(document, { id: one.id }, this.#keys);
    } catch (error) {
      return this.#trouble(box, error);
    }
    toast(words.done);
    await this.load();
  }

  /** The form of a change, folded out below the facts; what is left as it is is not sent. */
  #change(one, box) {
    const given = {};
    const set = (name) => (value) => { given[name] = value; };
    fill(box, el("div", { class: "fields change" },
      frequencyChoice({ frequencies: one.frequencies, value: one.frequency, onChange: set("frequency") }),
      cardChoice({ cards: this.cards, value: one.cardId, onChange: set("cardId") }),
      one.monthlyLimit && renewal({ value: one.autoRenewal, onChange: set("autoRenewal") }),
      one.total && textField({ name: "amountWanted", label: "约定总额", value: one.total, inputmode: "decimal",
        hint: "不能少于已提取的金额", onChange: (text) => { given.amountWanted = text.replace(/[\s,，元¥]/g, ""); } }),
      el("p", { class: "hint", text: "变更从下一次支付起生效。" }),
      button("保存变更", () => this.#save(one, box, given))));
  }

  async #save(one, box, given) {
    if (given.amountWanted !== undefined && !/^\d{1,12}(\.\d{1,2})?$/.test(given.amountWanted)) {
      return void showRefusals(box, [{ field: "amountWanted", message: "约定总额请填写数字，最多两位小数。" }]);
    }
    try {
      await api.mutate(CHANGE_ARRANGEMENT, { id: one.id, ...given }, this.#keys);
    } catch (error) {
      if (!(error instanceof Refusal)) return this.#trouble(box, error);
      const rest = showRefusals(box, error.userErrors);
      if (rest.length) toast(rest.map(({ message }) => message).join(""));
      return;
    }
    toast("变更已保存，从下一次支付起生效。");
    await this.load();
  }

  #trouble(box, error) {
    fill(box, notice("trouble", el("p", { text: sentence(error) })));
  }
}

const PAUSE = { title: "暂停这项约定？", text: "暂停期间不支付，暂停期间应付的也不补付；随时可以恢复。", yes: "确认暂停", done: "已暂停。" };
const RESUME = { done: "已恢复，到下次支付日重新核验后支付。" };
const END = { title: "终止这项约定？", text: "终止后不再支付，需要时请重新申请。", yes: "确认终止", done: "已终止。" };

function choice(label, action) {
  return el("button", { type: "button", class: "choice", text: label, on: { click: action } });
}

function cardWords(cards, id) {
  const card = cards.find((one) => one.id === id);
  return card ? `${card.bankName} ${card.cardNoMasked}` : "已停用的银行卡";
}
