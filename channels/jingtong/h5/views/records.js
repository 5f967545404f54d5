// What I am listed for: why, until when, what it does to my business, and how to appeal.

import * as api from "../api.js";
import { APPEAL_RISK_RECORD, RISK_RECORDS, WITHDRAW_RISK_APPEAL } from "../documents.js";
import { date, dateTime } from "../format.js";
import { button, confirmed, el, empty, facts, fill, icon, notice, section, sentence, toast } from "../ui.js";

const STATEMENT_MAX = 1000;

export async function showRecords(main) {
  const again = async () => draw((await api.query(RISK_RECORDS)).riskRecords);
  const draw = (records) => fill(
    main,
    el("h1", { class: "page-title", text: "我的记录" }),
    el("p", { class: "quiet", text: "不良信息、重点审核和异常行为记录会影响业务办理。您可以查看原因和期限，对记录有异议的可以申诉。" }),
    ...(records.length ? records.map((record) => recordSection(record, again))
      : [empty("没有记录", "您不在任何名单中，办理业务不受影响。")]),
  );
  draw((await api.query(RISK_RECORDS)).riskRecords);
}

function recordSection(record, again) {
  const waiting = record.appeals.find(({ state }) => state === "waiting");
  return section(`${record.listName} · ${record.stateName}`,
    facts([
      ["原因", record.reasonName],
      ["事由", record.reason],
      ["依据", record.evidence],
      ["有效期", `${date(record.fromOn)} 至 ${date(record.untilOn)}`],
      ["影响", record.effects.map(({ flowName, effectName }) => `${flowName}：${effectName}`).join("；")],
    ]),
    ...record.appeals.map(appealNotice),
    record.state === "in_force" && (waiting ? takeBack(record, again) : appealForm(record, again)));
}

function appealNotice(appeal) {
  const due = appeal.state === "waiting" ? `，将于${date(appeal.dueOn)}前答复` : "";
  return notice(appeal.state === "granted" ? "good" : "plain",
    el("p", { class: "notice-title", text: `${appeal.stateName}${due}` }),
    el("p", { text: `${dateTime(appeal.madeAt)} 申诉：${appeal.statement}` }),
    appeal.answer && el("p", { text: `答复：${appeal.answer}` }));
}

function appealForm(record, again) {
  const keys = new api.RequestKeys();
  const id = `statement-${record.id}`;
  const area = el("textarea", { id, name: "statement", class: "input", rows: 4, maxlength: STATEMENT_MAX });
  const saying = el("p", { class: "says", role: "alert" });
  const send = async () => {
    saying.textContent = "";
    try {
      await api.mutate(APPEAL_RISK_RECORD, { id: record.id, statement: area.value }, keys);
      toast("申诉已提交");
      await again();
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return el("details", { class: "explained" },
    el("summary", {}, el("span", { text: "对此记录申诉" }), icon("next")),
    el("p", { class: "quiet small", text: record.howToAppeal }),
    el("div", { class: "field" }, el("label", { for: id, text: "申诉理由（10至1000字）" }), area, saying),
    button("提交申诉", send));
}

function takeBack(record, again) {
  const keys = new api.RequestKeys();
  const saying = el("p", { class: "says", role: "alert" });
  const back = async () => {
    const yes = await confirmed({ title: "撤回申诉？", text: "撤回后记录继续有效，您可以重新提出申诉。", yes: "撤回申诉" });
    if (!yes) return;
    try {
      await api.mutate(WITHDRAW_RISK_APPEAL, { id: record.id }, keys);
      toast("申诉已撤回");
      await again();
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return el("div", {}, button("撤回申诉", back, { kind: "quiet" }), saying);
}

/** The way here, on the home page. */
export function recordsLink() {
  return el("a", { class: "more", href: "#/records" }, "我的记录 · 申诉", icon("next"));
}
