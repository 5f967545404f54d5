// One case: where it stands, live; why it was decided so; the payment; cancelling.

import * as api from "../api.js";
import { CANCEL_CASE, CASE, CASE_PROGRESS } from "../documents.js";
import { Refusal, Trouble } from "../errors.js";
import { amount, date, dateTime, isZero } from "../format.js";
import { announce, button, confirmed, el, facts, fill, notice, section, sentence, toast } from "../ui.js";
import { explanation } from "./apply_quote.js";
import { Correcting } from "./correcting.js";
import { RUNNING, statePill } from "./parts.js";
import { historyOf, timeline } from "./steps.js";

const MODES = { live: "进度实时更新", polling: "每隔几秒自动更新", off: "" };

export async function showCase(main, id, go) {
  const first = (await api.query(CASE, { id })).case;
  if (!first) throw new Trouble("没有找到该办件，请在“我的办件”中重新选择。");
  const page = new CasePage(main, first, go);
  page.draw();
  const watching = api.watch({
    document: CASE_PROGRESS,
    variables: { id },
    fallback: { document: CASE, pick: (data) => ({ caseProgress: data.case }) },
    onData: ({ caseProgress }) => caseProgress && page.update(caseProgress),
    onMode: (mode) => page.mode(mode),
  });
  return () => watching.stop();
}

class CasePage {
  #keys = new api.RequestKeys();

  constructor(main, shown, go) {
    Object.assign(this, { main, shown, go });
    this.modeBox = el("span", { class: "mode" });
  }

  mode(mode) {
    this.modeBox.textContent = MODES[mode];
    this.modeBox.className = `mode mode-${mode}`;
  }

  update(next) {
    if (JSON.stringify(next) === JSON.stringify(this.shown)) return;
    const moved = next.state !== this.shown.state;
    const writing = document.activeElement;
    this.shown = next;
    this.draw();
    if (writing?.isConnected) writing.focus({ preventScroll: true }); // what is being filled in was only moved
    if (moved) announce(`办件状态更新为：${next.stateName}`);
  }

  draw() {
    const item = this.shown;
    const actions = item.allowedActions;
    fill(
      this.main,
      el("section", { class: "case-head", "aria-label": "当前状态" },
        el("div", { class: "case-line" }, el("h1", { text: item.itemName }), statePill(item)),
        !isZero(item.amount) && el("p", { class: "case-amount", text: `¥${amount(item.amount)}` }),
        item.stateExplanation && el("p", { class: "quiet", text: item.stateExplanation }),
        this.modeBox),
      decisionAgainst(item),
      actions.includes("correct") && this.correction(item),
      actions.includes("evaluate")
        && el("a", { class: "button button-primary wide", href: `#/evaluate/${item.id}`, text: "评价本次服务" }),
      item.evaluation && notice("good", el("p", { text: "您已评价过本次服务，感谢您的反馈。" })),
      section("办理进度", timeline(item.steps)),
      section(null, explanation(item.explanation, { title: "办理依据和结果说明", open: item.state === "refused" })),
      item.payment && section("支付信息", payment(item.payment)),
      section("办件信息", facts([
        ["办件编号", el("span", { class: "number", text: item.caseNo })],
        ["提交时间", dateTime(item.submittedAt)],
        ["预计办结", RUNNING.includes(item.state) ? `${date(item.dueOn)}前` : null],
      ])),
      section(null, historyOf(item.history)),
      actions.includes("cancel") && el("div", { class: "end" },
        button("撤销申请", () => this.cancel(), { kind: "plain-danger", id: "cancel", busyLabel: "撤销申请" })),
    );
  }

  /** The form of the present request to correct; one that is being filled in stays. */
  correction({ id, corrections, correctableFields }) {
    const asked = JSON.stringify([corrections[0], correctableFields]);
    if (this.asked !== asked) {
      this.asked = asked;
      this.correcting = new Correcting({ id, corrections, correctableFields }, { go: this.go, onDone: () => this.corrected() });
    }
    return this.correcting.element;
  }

  async corrected() {
    const now = (await api.query(CASE, { id: this.shown.id }).catch(() => null))?.case;
    toast(now && !isZero(now.amount) ? `已重新提交，申请金额为¥${amount(now.amount)}，请等待审核。` : "已重新提交，请等待审核。");
    if (now) this.update(now);
    scrollTo({ top: 0 }); // to the state that it has come to
  }

  async cancel() {
    const sure = await confirmed({
      title: "撤销这项申请？", text: "撤销后占用的金额会退回您的公积金账户，需要时可以重新申请。", yes: "确认撤销",
    });
    if (!sure) return;
    try {
      await api.mutate(CANCEL_CASE, { id: this.shown.id }, this.#keys);
      toast("申请已撤销，占用的金额已退回账户。");
    } catch (error) {
      toast(sentence(error));
      if (!(error instanceof Refusal)) return;
    }
    const now = (await api.query(CASE, { id: this.shown.id }).catch(() => null))?.case;
    if (now) this.update(now);
  }
}

/** Why the centre or the bank said no, where it is seen at once. */
function decisionAgainst(item) {
  if (!["refused", "payment_failed"].includes(item.state)) return null;
  const last = [...item.history].reverse().find(({ reason, note }) => reason || note);
  return last && notice("refusal", el("p", { class: "notice-title", text: item.stateName }),
    last.reason && el("p", { text: last.reason }), last.note && el("p", { text: last.note }));
}

function payment(paid) {
  return facts([
    ["支付状态", paid.stateName],
    ["支付金额", paid.amount && `¥${amount(paid.amount)}`],
    ["收款银行", paid.bankName],
    ["收款卡号", paid.cardMasked],
    ["到账确认", dateTime(paid.confirmedAt)],
  ]);
}
