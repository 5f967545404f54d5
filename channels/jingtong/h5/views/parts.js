// Pieces that several views share: a case in a list, ledger entries, the state as a pill.

import { amount, date, dateTime, isZero } from "../format.js";
import { button, el, empty, fill, icon, sentence } from "../ui.js";

export const RUNNING = [
  "pending_preliminary", "pending_correction", "pending_final", "pending_special", "pending_payment_review",
  "pending_payment", "paying",
];
export const ENDED = ["completed", "refused", "cancelled", "payment_failed"];

const TONES = { completed: "good", refused: "bad", payment_failed: "bad", cancelled: "quiet" };

/** The state in words with a colour that only repeats what the words say. */
export function statePill({ state, stateName }) {
  return el("span", { class: `pill pill-${TONES[state] ?? "running"}`, text: stateName });
}

export function caseRow(item) {
  const toEvaluate = item.allowedActions.includes("evaluate");
  return el("li", {}, el("a", { class: "row", href: `#/case/${item.id}` },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: item.itemName }),
      el("span", { class: "quiet small", text: `${dateTime(item.submittedAt)} 提交` })),
    el("span", { class: "row-end" },
      !isZero(item.amount) && el("span", { class: "figure", text: `¥${amount(item.amount)}` }),
      toEvaluate ? el("span", { class: "pill pill-running", text: "待评价" }) : statePill(item)),
    icon("next")));
}

function entryRow(entry) {
  const income = entry.side === "IN";
  return el("li", { class: "row entry" },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: entry.summary || entry.kindName }),
      el("span", { class: "quiet small", text: `${entry.kindName} · ${date(entry.businessDate)}` })),
    el("span", { class: "row-end" },
      el("span", { class: income ? "figure figure-in" : "figure", text: `${income ? "+" : "−"}${amount(entry.amount)}` }),
      el("span", { class: "quiet small", text: `余额 ${amount(entry.balanceAfter)}` })));
}

/**
 * A connection as a list with 加载更多. `more(after)` resolves to the next connection. `row` draws a node.
 */
export function connectionList({ connection, more, row, nothing }) {
  if (!connection.edges.length) return nothing;
  const list = el("ul", { class: "rows" }, connection.edges.map(({ node }) => row(node)));
  const foot = el("div", { class: "list-foot" });
  let { pageInfo } = connection;
  const draw = (trouble = null) => {
    fill(
      foot,
      ...(trouble ? [el("p", { class: "says", role: "alert", text: sentence(trouble) })] : []),
      ...(pageInfo.hasNextPage ? [button("加载更多", load, { kind: "quiet", busyLabel: "正在加载…" })] : []),
    );
  };
  const load = async () => {
    try {
      const next = await more(pageInfo.endCursor);
      pageInfo = next.pageInfo;
      const rows = next.edges.map(({ node }) => row(node));
      list.append(...rows);
      draw();
      rows[0]?.querySelector("a")?.focus();
    } catch (error) {
      draw(error);
    }
  };
  draw();
  return el("div", {}, list, foot);
}

export function entryList({ connection, more }) {
  return connectionList({ connection, more, row: entryRow, nothing: empty("还没有明细", "单位缴存入账后，会显示在这里。") });
}
