// Home: the account first, then what is under way, then what can be done here.

import * as api from "../api.js";
import {
  ACCOUNT_ENTRIES, ARRANGEMENTS, DELEGATIONS, HOME, LOGIN_DEVICES, NOTICES, RISK_RECORDS, SERVICE_ITEMS, TRANSFERS,
} from "../documents.js";
import { amount, isZero, month } from "../format.js";
import { offers } from "../kiosk.js";
import { el, empty, fill, icon, section } from "../ui.js";
import { arrangementsLink } from "./arrangements.js";
import { itemCell } from "./items.js";
import { caseRow, entryList, RUNNING } from "./parts.js";
import { devicesLink } from "./devices.js";
import { messagesLink } from "./messages.js";
import { papersLink } from "./papers.js";
import { phoneLink } from "./phone.js";
import { privacyLink } from "./privacy.js";
import { recordsLink } from "./records.js";
import { transfersLink } from "./transfers.js";

const ENTRIES = 4;
const ENTRIES_MORE = 10;
// What citizens come for most: our assumption until figures of use say otherwise.
const COMMON = ["C20", "C17", "C18", "C14"];
const ITEMS = 4;

export async function showHome(main) {
  if (!offers(HOME)) return showServices(main);
  const { viewer, accounts, cases, serviceItems, unreadNotices } = await api.query(HOME, { entries: ENTRIES });
  const name = viewer.person?.nameMasked ?? "";
  const open = cases.edges.map(({ node }) => node).filter(concerns);
  const common = [...serviceItems].sort((one, other) => rank(one) - rank(other)).slice(0, ITEMS);
  fill(
    main,
    el("h1", { class: "greeting", text: name ? `${name}，您好` : "您好" }),
    ...(accounts.length ? accounts.map(accountCard) : [noAccount()]),
    open.length > 0 && section("我的办件", el("ul", { class: "rows" }, open.map(caseRow))),
    section("常用服务", el("ul", { class: "cells" }, common.map(itemCell)),
      el("a", { class: "more", href: "#/items" }, `全部 ${serviceItems.length} 项服务`, icon("next"))),
    ...accounts.map((account) => section(
      accounts.length > 1 ? `最近明细 · ${account.employerName}` : "最近明细", recentEntries(account))),
    links(unreadNotices),
  );
}

/** The home page of a kiosk whose owner may not show the account. */
async function showServices(main) {
  const { serviceItems } = await api.query(SERVICE_ITEMS);
  fill(
    main,
    el("h1", { class: "greeting", text: "您好" }),
    serviceItems.length > 0 && section("本终端可办理", el("ul", { class: "cells" }, serviceItems.map(itemCell))),
    links(0),
  );
}

function links(unread) {
  return [
    offers(NOTICES) && messagesLink(unread),
    papersLink(),
    offers(TRANSFERS) && transfersLink(),
    offers(ARRANGEMENTS) && arrangementsLink(),
    offers(DELEGATIONS) && privacyLink(),
    offers(RISK_RECORDS) && recordsLink(),
    offers(LOGIN_DEVICES) && phoneLink(),
    offers(LOGIN_DEVICES) && devicesLink(),
  ];
}

/** The place among the tiles: what is common, what is open besides, what is not open yet. */
function rank({ code, open }) {
  const place = COMMON.indexOf(code);
  if (!open) return COMMON.length + 1;
  return place < 0 ? COMMON.length : place;
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
