// Messages: what the centre sent me, with marks of what I have read; and asking the centre something (互动消息).

import * as api from "../api.js";
import { CONVERSATION, MARK_NOTICES_READ, NOTICES, SEND_MESSAGE } from "../documents.js";
import { dateTime } from "../format.js";
import { offers } from "../kiosk.js";
import { announce, button, el, empty, fill, icon, isLoginNeeded, notice, sentence } from "../ui.js";
import { connectionList } from "./parts.js";

const PAGE = 20;
const TEXT_MAX = 500;
const LOOK_EVERY_MILLISECONDS = 5000;

export async function showMessages(main, _, go) {
  const body = el("div", { class: "stage" });
  let stop = () => {};
  const views = [["通知", showNotices], ...(offers(CONVERSATION) ? [["咨询", showConversation]] : [])];
  const choices = views.map(([label, view]) => el("button", {
    type: "button", class: "choice", "aria-pressed": "false", text: label, on: { click: () => choose(label, view) },
  }));
  const choose = async (label, view) => {
    stop();
    stop = () => {};
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.textContent === label));
    try {
      stop = (await view(body, go)) ?? stop;
    } catch (error) {
      if (isLoginNeeded(error)) return go("/login", { replace: true });
      fill(body, notice("trouble", el("p", { text: sentence(error) }), button("重新加载", () => choose(label, view), { kind: "quiet" })));
    }
  };
  fill(
    main,
    el("h1", { class: "page-title", text: "消息" }),
    choices.length > 1 && el("div", { class: "choices", role: "group", "aria-label": "消息类别" }, choices),
    body,
  );
  await choose(...views[0]);
  return () => stop();
}

async function showNotices(body) {
  const more = async (after) => (await api.query(NOTICES, { first: PAGE, after })).notices;
  const notices = await more(null);
  fill(body, connectionList({
    connection: notices, more, row: noticeRow, nothing: empty("还没有通知", "办理业务后，进度和结果会通知到这里。"),
  }));
  const newest = notices.edges[0]?.node;
  // what is on the screen is read; that it could not be marked is nobody's trouble, it is marked the next time
  if (newest && !newest.read) api.mutate(MARK_NOTICES_READ, { id: newest.id }).catch(() => {});
}

function noticeRow(one) {
  return el("li", { class: one.read ? "notice-row" : "notice-row unread" },
    el("span", { class: "row-title" },
      el("span", {}, one.areaName, !one.read && el("span", { class: "unseen", text: "（未读）" })),
      el("span", { class: "quiet small", text: dateTime(one.sentAt) })),
    el("p", { text: one.text }));
}

async function showConversation(body, go) {
  const keys = new api.RequestKeys();
  const lines = el("div", { class: "lines" });
  const saying = el("p", { class: "says", role: "alert" });
  const hint = el("p", { class: "hint" });
  const area = el("textarea", { id: "text", name: "text", class: "input", rows: 3, maxlength: TEXT_MAX,
    placeholder: "请描述您的问题，不要填写证件号码、验证码和密码" });
  let shown = "";
  const draw = (conversation) => {
    const seen = JSON.stringify(conversation);
    if (seen === shown) return;
    const before = shown;
    shown = seen;
    const messages = conversation?.messages ?? [];
    fill(lines, messages.length ? messages.map(line) : empty("有问题可以问我们", "工作人员会在服务时间内答复，答复显示在这里。"));
    hint.textContent = hintOf(conversation);
    if (before && messages.at(-1)?.side !== "citizen") announce("收到新的答复");
    lines.lastElementChild?.scrollIntoView({ block: "nearest" });
  };
  const look = async () => draw((await api.query(CONVERSATION)).conversation);
  const send = async () => {
    saying.textContent = "";
    try {
      const { conversation } = await api.mutate(SEND_MESSAGE, { text: area.value.trim() }, keys);
      area.value = "";
      draw(conversation);
    } catch (error) {
      if (isLoginNeeded(error)) return go("/login", { replace: true });
      saying.textContent = sentence(error);
    }
  };
  fill(
    body,
    lines,
    el("div", { class: "field" }, el("label", { class: "label", for: "text", text: "写消息" }), area, saying),
    button("发送", send, { id: "send", busyLabel: "正在发送…" }),
    hint,
  );
  await look();
  const timer = setInterval(() => look().catch(() => {}), LOOK_EVERY_MILLISECONDS);
  return () => clearInterval(timer);
}

function line({ side, sideName, text, at }) {
  return el("div", { class: `line line-${side}` },
    el("span", { class: "quiet small", text: `${sideName} ${dateTime(at)}` }), text);
}

function hintOf(conversation) {
  if (!conversation) return "";
  if (conversation.state === "closed") return "本次会话已结束，再次发送会开始新的会话。";
  return conversation.staffAnswersNow ? `会话状态：${conversation.stateName}` : "现在是非服务时间，您可以留言，工作人员上班后答复。";
}

/** The way here, on the home page. */
export function messagesLink(unread) {
  return el("a", { class: "more", href: "#/messages" }, unread ? `消息（${unread}条未读）` : "消息 · 咨询", icon("next"));
}
