// The quote with its reasons, and what comes after submitting.

import { amount, date, month } from "../format.js";
import { el, facts, fill, icon, notice } from "../ui.js";

/** `general`: refusals that belong to no field; `refused`: how many there are in all. */
export function quotePanel({ quote, general, refused }) {
  return el("div", { class: "quote" },
    refused > 0
      ? notice("refusal", el("p", { class: "notice-title", text: "目前还不能办理" }),
        general.map(({ message }) => el("p", { text: message })),
        refused > general.length && el("p", { text: "另有填写内容需要修改，见上方红色提示。" }))
      : facts([
        ["本次可提取", el("strong", { class: "figure figure-large", text: `¥${amount(quote.amount)}` })],
        ["每月限额", quote.monthlyLimit && `¥${amount(quote.monthlyLimit)}`],
        ["可提取总额", quote.total && `¥${amount(quote.total)}`],
        ["本次包含", quote.months > 0 && `${quote.months}个月`],
        ["约定期限", quote.months > 0 && (quote.untilMonth
          ? `${month(quote.fromMonth)} 至 ${month(quote.untilMonth)}` : `${month(quote.fromMonth)}起，至提取完可提取总额`)],
      ]),
    quote?.needsManualCheck && !refused
      && notice("plain", el("p", { text: "部分信息暂未核验完成，提交后由工作人员人工核验，办理时间可能稍长。" })),
    quote && explanation(quote.explanation, { title: refused ? "核验情况" : "这个金额是怎么算出来的" }));
}

/** The decision in words, folded away under its title. */
export function explanation(lines, { title, open = false }) {
  if (!lines?.length) return null;
  return el("details", { class: "explained", open },
    el("summary", {}, el("span", { text: title }), icon("next")),
    el("dl", {}, lines.map((line) => el("div", {}, el("dt", { text: line.title }), el("dd", { text: line.text })))));
}

/** Confirmation: what was received, and what happens next. */
export function submitted(main, made) {
  const heading = el("h1", { tabindex: -1, text: "申请已提交" });
  fill(main, el("div", { class: "done" },
    el("div", { class: "done-mark" }, icon("check")),
    heading,
    el("p", { class: "quiet", text: "我们会在审核的每一步以短信告知您，也可以随时在这里查看进度。" }),
    facts([
      ["办理事项", made.itemName],
      ["办件编号", el("span", { class: "number", text: made.caseNo })],
      ["申请金额", `¥${amount(made.amount)}`],
      ["当前状态", made.stateName],
      ["预计办结", made.dueOn && `${date(made.dueOn)}前`],
    ]),
    el("a", { class: "button button-primary", href: `#/case/${made.id}`, text: "查看进度",
      // the address is this case already, so the link alone would not move
      on: { click: () => dispatchEvent(new HashChangeEvent("hashchange")) } }),
    el("a", { class: "button button-secondary", href: "#/", text: "返回首页" })));
  heading.focus({ preventScroll: true });
}
