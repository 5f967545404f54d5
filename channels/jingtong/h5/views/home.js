// Home: the account first, then what is under way, then what can be done here.

import * as api from "../api.js";
import { ACCOUNT_ENTRIES, HOME } from "../documents.js";
import { amount, isZero, month } from "../format.js";
import { el, empty, fill, icon, section } from "../ui.js";
import { arrangementsLink } from "./arrangements.js";
import { itemCell } from "./items.js";
import { caseRow, entryList, RUNNING } from "./parts.js";
import { devicesLink } from "./devices.js";
import { privacyLink } from "./privacy.js";
import { recordsLink } from "./records.js";

const ENTRIES = 4;
const ENTRIES_MORE = 10;
const ITEMS = 4;

export async function showHome(main) {
  const { viewer, accounts, cases, serviceItems } = await api.query(HOME, { entries: ENTRIES });
  const name = viewer.person?.nameMasked ?? "";
  const open = cases.edges.map(({ node }) => node).filter(concerns);
  const items = [...serviceItems].sort((a, b) => Number(b.open) - Number(a.open));
  fill(
    main,
    el("h1", { class: "greeting", text: name ? `${name}，您好` : "您好" }),
    ...(accounts.length ? accounts.map(accountCard) : [noAccount()]),
    open.length > 0 && section("我的办件", el("ul", { class: "rows" }, open.map(caseRow))),
    section("常用服务", el("ul", { class: "cells" }, items.slice(0, ITEMS).map(itemCell)),
      el("a", { class: "more", href: "#/items" }, `全部 ${items.length} 项服务`, icon("next"))),
    ...accounts.map((account) => section(
      accounts.length > 1 ? `最近明细 · ${account.employerName}` : "最近明细", recentEntries(account))),
    arrangementsLink(),
    privacyLink(),
    recordsLink(),
    devicesLink(),
  );
}

/** Is under way, or waits for an evaluation. */
function concerns(item) {
  return RUNNING.includes(item.state) || item.allowedActions.includes("evaluate");
}

function accountCard(account) {
  return el("section", { class: "account", "aria-label": `公积金账户，${account.employerName}` },
    el("div", { class: "account-top" },
      el("span", { text: "账户余额（元）" }),
      el("span", { class: "account-state", text: account.stateName })),
    el("p", { class: "account-balance", text: amount(account.balance) }),
    el("div", { class: "account-figures" },
      figure("可用", amount(account.available)),
      figure("办理中占用", amount(account.held), isZero(account.held)),
      figure("月缴存额", amount(account.monthlyContribution))),
    el("div", { class: "account-foot" },
      el("span", { text: account.employerName }),
      el("span", { text: account.paidThrough ? `缴至 ${month(account.paidThrough)}` : "尚未缴存" })));
}

function figure(name, value, dim = false) {
  return el("div", { class: dim ? "dim" : null }, el("span", { text: name }), el("strong", { text: value }));
}

function recentEntries(account) {
  return entryList({
    connection: account.entries,
    more: async (after) =>
      (await api.query(ACCOUNT_ENTRIES, { account: account.id, first: ENTRIES_MORE, after })).node.entries,
  });
}

function noAccount() {
  return empty("没有查到您的公积金账户", "如您的单位已为您缴存，请联系单位经办人核对您的证件号码；也可拨打12329咨询。");
}
