// The page: hash routes, the bar on top, the tabs below, and what happens when a view needs a login or fails.

import { CASES } from "./documents.js";
import { announce, button, el, failure, fill, icon, isLoginNeeded, loading } from "./ui.js";
import { forget, logOut, remember, returnTarget } from "./session.js";
import { showApply } from "./views/apply.js";
import { showArrangements } from "./views/arrangements.js";
import { showBind } from "./views/bind.js";
import { showCase } from "./views/case.js";
import { showCases } from "./views/cases.js";
import { showDevices } from "./views/devices.js";
import { showEvaluate, showEvaluateTransfer, showInvited } from "./views/evaluate.js";
import { showHome } from "./views/home.js";
import { showItems } from "./views/items.js";
import { isKiosk, leave as leaveKiosk, offers, showKioskStart } from "./kiosk.js";
import { showLogin } from "./views/login.js";
import { showMessages } from "./views/messages.js";
import { showPapers } from "./views/papers.js";
import { showPhone } from "./views/phone.js";
import { showPrivacy } from "./views/privacy.js";
import { showRecords } from "./views/records.js";
import { showTransfer, showTransferIn, showTransfers } from "./views/transfers.js";

// [pattern, view, title, tab]; a view is `async (main, parameter, go) => cleanup or nothing`.
const ROUTES = [
  [/^\/?$/, showHome, "首页", "/"],
  [/^\/login$/, isKiosk ? showKioskStart : showLogin, isKiosk ? "刷身份证" : "登录", null],
  [/^\/items$/, showItems, "服务事项", "/items"],
  [/^\/cases$/, showCases, "我的办件", "/cases"],
  [/^\/(?:transfers|apply\/C14)$/, showTransfers, "异地转移接续", ""],
  [/^\/apply\/(.+)$/, showApply, "申请办理", ""],
  [/^\/arrangements$/, showArrangements, "约定提取", ""],
  [/^\/bind\/([^/]+\/.+)$/, showBind, "关联账户", ""],
  [/^\/messages$/, showMessages, "消息", ""],
  [/^\/papers$/, showPapers, "打印文书", ""],
  [/^\/privacy$/, showPrivacy, "信息与委托", ""],
  [/^\/records$/, showRecords, "我的记录", ""],
  [/^\/devices$/, showDevices, "登录设备", ""],
  [/^\/phone$/, showPhone, "手机号码", ""],
  [/^\/case\/(.+)$/, showCase, "办件进度", ""],
  [/^\/transfer-in$/, showTransferIn, "申请异地转入", ""],
  [/^\/transfer\/(.+)$/, showTransfer, "转移进度", ""],
  [/^\/evaluate-transfer\/(.+)$/, showEvaluateTransfer, "评价服务", ""],
  [/^\/evaluate\/(.+)$/, showEvaluate, "评价服务", ""],
  [/^\/invited\/([0-9A-Za-z]+)$/, showInvited, "评价服务", ""],
];
const TABS = [["/", "首页", "home"], ["/items", "服务", "grid"], ["/cases", "办件", "list"]];
const tabsHere = () => TABS.filter(([path]) => path !== "/cases" || offers(CASES));
const BONES = ["tall", "row", "row", "row"];

const bar = document.getElementById("bar");
const main = document.getElementById("main");
const tabs = document.getElementById("tabs");

let showing = 0;
let leave = null;

/** Shows another page; `replace` when going back to this one makes no sense. */
function go(path, { replace = false } = {}) {
  if (!replace) location.hash = `#${path}`;
  else location.replace(`#${path}`);
}

async function route() {
  const path = decodeURIComponent(location.hash.slice(1)) || "/";
  const [pattern, view, title, tab] = ROUTES.find(([known]) => known.test(path)) ?? ROUTES[0];
  const mine = ++showing;
  leave?.();
  leave = null;
  frame(title, tab);
  // A view draws into its own element, so that a late answer never lands on a page that was left.
  const stage = el("div", { class: "stage" }, loading(...BONES));
  fill(main, stage);
  scrollTo(0, 0);
  try {
    const cleanup = await view(stage, path.match(pattern)?.[1] ?? "", go);
    if (mine !== showing) return cleanup?.();
    leave = cleanup ?? null;
    arrive(title);
  } catch (error) {
    if (mine !== showing) return;
    if (isLoginNeeded(error)) return toLogin();
    if (!(error.name === "Error")) console.error(error);
    fill(stage, failure(error, route));
  }
}

function toLogin() {
  forget();
  if (location.hash.length > 2) remember(location.hash);
  go("/login", { replace: true });
}

function frame(title, tab) {
  const isTab = Boolean(tab);
  const atLogin = tab === null;
  document.title = `${title} · 北京住房公积金`;
  fill(
    bar,
    isTab || atLogin
      ? el("span", { class: "brand" }, icon("rent"), el("span", { text: "北京住房公积金" }))
      : barButton("back", "返回", back),
    el("span", { class: "bar-title", text: isTab || atLogin ? "" : title }),
    isTab ? barButton("exit", "退出登录", leaveSession) : el("span", { class: "bar-space" }),
  );
  tabs.hidden = !isTab;
  fill(tabs, ...tabsHere().map(([path, label, shape]) => el("a", {
    class: "tab", href: `#${path}`, "aria-current": path === tab ? "page" : null,
  }, icon(shape), el("span", { text: label }))));
}

function barButton(shape, label, click) {
  return el("button", { class: "bar-button", type: "button", "aria-label": label, on: { click } }, icon(shape));
}

function arrive(title) {
  announce(title);
  const heading = main.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

function back() {
  if (history.length > 1) history.back();
  else go("/", { replace: true });
}

async function leaveSession() {
  if (isKiosk) return leaveKiosk();
  const stage = el("div", { class: "stage" }, loading(...BONES));
  fill(main, stage);
  const ended = await logOut();
  if (ended) return go("/login", { replace: true });
  showing += 1;
  fill(stage, failureToLogOut());
}

function failureToLogOut() {
  return el("div", { class: "empty", role: "alert" }, icon("cloud"),
    el("p", { class: "empty-title", text: "还没有退出" }),
    el("p", { class: "quiet", text: "网络连接不上，您的登录仍然有效。请检查网络后再次退出。" }),
    button("再次退出", leaveSession));
}

document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is ours
  main.focus();
});
addEventListener("hashchange", route);

const wanted = returnTarget();
if (wanted && location.hash.length <= 2) location.replace(wanted);
else route();
