// 异地转移: my transfers, one of them with its steps, answering and cancelling, and the form for a transfer in.

import * as api from "../api.js";
import {
  ANSWER_TRANSFER, APPLY_FOR_TRANSFER_IN, CANCEL_TRANSFER, TRANSFER, TRANSFER_FORM, TRANSFERS,
} from "../documents.js";
import { Refusal, Trouble } from "../errors.js";
import { amount, date, dateTime, isZero } from "../format.js";
import {
  button, confirmed, el, empty, facts, fill, icon, isLoginNeeded, notice, says, section, sentence, showRefusals,
  textField, toast,
} from "../ui.js";
import { facePanel, stepUpOf } from "./face.js";
import { historyOf, timeline } from "./steps.js";

const ENDED_BADLY = ["13", "40", "declined"];
const TONES = { "00": "good", 20: "good", 13: "bad", 40: "bad", declined: "bad", "05": "quiet" };
const STATEMENT_MAX = 200;
const CENTRES_SHOWN = 8;

export async function showTransfers(main) {
  const { transfers } = await api.query(TRANSFERS);
  fill(
    main,
    el("h1", { class: "page-title", text: "异地转移接续" }),
    el("p", { class: "quiet", text: "在本市缴存满规定月数后，可以把外地的公积金转到本市账户，不用两地跑。" }),
    el("a", { class: "button button-primary wide", href: "#/transfer-in", text: "申请转入" }),
    transfers.length
      ? section("我的转移申请", el("ul", { class: "rows" }, transfers.map(transferRow)))
      : empty("还没有转移申请", "提交转入申请后，可以在这里查看进度。"),
  );
}

function transferRow(one) {
  return el("li", {}, el("a", { class: "row", href: `#/transfer/${one.id}` },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: `${one.directionName} · ${one.otherCentre}` }),
      el("span", { class: "quiet small", text: `${dateTime(one.appliedAt)} 申请` })),
    el("span", { class: "row-end" },
      !isZero(one.amount) && el("span", { class: "figure", text: `¥${amount(one.amount)}` }), pill(one)),
    icon("next")));
}

function pill({ state, stateName }) {
  return el("span", { class: `pill pill-${TONES[state] ?? "running"}`, text: stateName });
}

/** One transfer: where it stands, why, what comes next, and what its person can do about it now. */
export async function showTransfer(main, id, go) {
  const again = async () => {
    const { transfer } = await api.query(TRANSFER, { id });
    if (!transfer) throw new Trouble("没有找到该转移申请，请返回列表重新选择。");
    draw(main, transfer, again, go);
  };
  await again();
}

function draw(main, one, again, go) {
  fill(
    main,
    el("section", { class: "case-head", "aria-label": "当前状态" },
      el("div", { class: "case-line" }, el("h1", { text: `异地${one.directionName}` }), pill(one)),
      !isZero(one.amount) && el("p", { class: "case-amount", text: `¥${amount(one.amount)}` }),
      el("p", { class: "quiet", text: one.explanation })),
    one.reason && notice(ENDED_BADLY.includes(one.state) ? "refusal" : "plain",
      el("p", { class: "notice-title", text: one.state === "06" ? "协商事项" : "原因" }), el("p", { text: one.reason })),
    one.answerable && answerForm(one, again, go),
    one.evaluable && el("a", { class: "button button-primary wide", href: `#/evaluate-transfer/${one.id}`, text: "评价本次服务" }),
    one.evaluation && !one.evaluable && notice("good", el("p", { text: "您已评价过本次服务，感谢您的反馈。" })),
    one.evaluationReply && notice("plain", el("p", { class: "notice-title", text: "对您评价的答复" }), el("p", { text: one.evaluationReply })),
    section("办理进度", timeline(one.steps)),
    section("转移信息", facts([
      ["受理编号", one.transferNo],
      ["联系函编号", one.letterNo],
      [one.direction === "in" ? "转出地中心" : "转入地中心", one.otherCentre],
      [one.direction === "in" ? "转出地账号" : "转入地账号", one.otherAccountMasked],
      ["资金状态", one.moneyName],
      ["申请时间", dateTime(one.appliedAt)],
      one.endedAt ? ["办结时间", dateTime(one.endedAt)] : ["办理期限", `${date(one.dueOn)}前`],
    ])),
    section(null, historyOf(one.records.map(({ at, name, note }) => ({ at, actionName: name, note })), "办理与协商记录")),
    one.cancellable && el("div", { class: "end" },
      button("撤销申请", () => cancel(one, again, go), { kind: "plain-danger", id: "cancel", busyLabel: "撤销申请" })),
  );
}

function answerForm(one, again, go) {
  const keys = new api.RequestKeys();
  const area = el("textarea", { id: "statement", name: "statement", class: "input", rows: 3, maxlength: STATEMENT_MAX,
    placeholder: "例如：转出地账号已核对，单位已为我办理封存" });
  const saying = el("p", { class: "says", role: "alert" });
  const send = async () => {
    saying.textContent = "";
    try {
      await api.mutate(ANSWER_TRANSFER, { id: one.id, statement: area.value }, keys);
      toast("说明已提交，工作人员会据此与对方中心核对。");
      await again();
    } catch (error) {
      if (isLoginNeeded(error)) return go("/login", { replace: true });
      saying.textContent = sentence(error);
    }
  };
  return section("向中心说明情况",
    el("div", { class: "field" }, el("label", { class: "label", for: "statement", text: "说明（4至200字）" }), area, saying),
    button("提交说明", send));
}

async function cancel(one, again, go) {
  const sure = await confirmed({
    title: "撤销这项转入申请？", text: "转出地中心接收联系函以前可以撤销。撤销后需要时可以重新申请。", yes: "确认撤销",
  });
  if (!sure) return;
  try {
    const { transfer } = await api.mutate(CANCEL_TRANSFER, { id: one.id });
    toast(transfer.explanation);
  } catch (error) {
    if (isLoginNeeded(error)) return go("/login", { replace: true });
    toast(sentence(error));
    if (!(error instanceof Refusal)) return;
  }
  await again().catch(() => {});
}

/** The form. The centre is found by typing a part of its name: there are several hundred of them. */
export async function showTransferIn(main, _, go) {
  const { transferCentres, accounts } = await api.query(TRANSFER_FORM);
  if (!accounts.length) {
    fill(main, empty("还不能申请转入", "在本市有公积金账户以后才能转入，请先由单位为您缴存。"));
    return;
  }
  new Form(main, transferCentres, go).draw();
}

class Form {
  #keys = new api.RequestKeys();
  #centre = null;
  #account = "";

  constructor(main, centres, go) {
    Object.assign(this, { main, centres, go });
  }

  draw() {
    this.found = el("div", { class: "choices", role: "group", "aria-label": "可选的转出地中心" });
    this.saying = el("div", {});
    this.form = el("div", { class: "fields" },
      el("div", { class: "field", "data-field": "otherCentre" },
        el("label", { class: "label", for: "centre", text: "转出地中心" }),
        el("input", { id: "centre", class: "input", autocomplete: "off", placeholder: "输入城市名称，如：天津",
          "aria-describedby": "otherCentre-says", on: { input: (event) => this.#search(event.target.value.trim()) } }),
        this.found, says("otherCentre-says")),
      textField({ name: "otherAccount", label: "转出地个人账号", hint: "可在转出地中心的网站、12329热线或原单位查到，6至30位字母或数字。",
        maxlength: 30, onChange: (text) => { this.#account = text; } }));
    fill(
      this.main,
      el("h1", { class: "page-title", text: "申请异地转入" }),
      el("p", { class: "quiet", text: "提交后由中心复核并向转出地发出联系函，转出地审核、划款，款项到账后计入您在本市的账户。" }),
      this.form,
      this.saying,
      button("提交申请", () => this.submit(), { id: "submit", busyLabel: "正在提交…" }),
    );
    this.#search("");
  }

  #search(text) {
    if (this.#centre && text !== this.#centre.name) this.#centre = null;
    const matching = text ? this.centres.filter(({ name }) => name.includes(text)) : this.centres;
    const few = matching.slice(0, CENTRES_SHOWN);
    fill(this.found,
      few.map((centre) => el("button", { type: "button", class: "choice", "aria-pressed": String(centre === this.#centre),
        text: centre.name, on: { click: () => this.#choose(centre) } })),
      !matching.length && el("p", { class: "hint", text: "没有找到，请核对城市名称；未接入全国平台的城市请到柜台办理。" }),
      matching.length > few.length && el("p", { class: "hint", text: `还有${matching.length - few.length}个，请输入城市名称缩小范围。` }));
  }

  #choose(centre) {
    this.#centre = centre;
    this.form.querySelector("#centre").value = centre.name;
    this.#search(centre.name);
    showRefusals(this.form, []);
  }

  async submit() {
    fill(this.saying);
    const missing = [];
    if (!this.#centre) missing.push({ field: "otherCentre", message: "请从列表中选择转出地中心。" });
    if (!this.#account) missing.push({ field: "otherAccount", message: "请填写转出地个人账号。" });
    if (missing.length) return void showRefusals(this.form, missing);
    try {
      const input = { otherCentre: this.#centre.code, otherAccount: this.#account };
      const { transfer } = await api.mutate(APPLY_FOR_TRANSFER_IN, input, this.#keys);
      toast("转入申请已提交。");
      this.go(`/transfer/${transfer.id}`, { replace: true });
    } catch (error) {
      if (isLoginNeeded(error)) return this.go("/login", { replace: true });
      this.#trouble(error);
    }
  }

  #trouble(error) {
    const stepUp = stepUpOf(error.userErrors);
    if (stepUp) fill(this.saying, facePanel({ stepUp, onPassed: () => this.submit() }));
    else {
      const general = error instanceof Refusal ? showRefusals(this.form, error.userErrors) : [{ message: sentence(error) }];
      fill(this.saying, general.map(({ message }) => notice("refusal", el("p", { text: message }))));
    }
    (this.form.querySelector(".refused") ?? this.saying).scrollIntoView({ block: "center" });
  }
}

/** The way here, on the home page. */
export function transfersLink() {
  return el("a", { class: "more", href: "#/transfers" }, "异地转移接续", icon("next"));
}
