// My cases, newest first.

import * as api from "../api.js";
import { CASES } from "../documents.js";
import { el, empty, failure, fill, isLoginNeeded, loading } from "../ui.js";
import { caseRow, connectionList, ENDED, RUNNING } from "./parts.js";

const PAGE = 20;
const FILTERS = [["全部", null], ["办理中", RUNNING], ["已结束", ENDED]];

export async function showCases(main, _, go) {
  const body = el("div", {}, loading("row", "row", "row"));
  const choices = FILTERS.map(([label, states]) => el("button", {
    type: "button", class: "choice", "aria-pressed": "false", text: label,
    on: { click: (event) => choose(event.currentTarget, states) },
  }));
  let asked = 0;
  const choose = async (chosen, states) => {
    const mine = ++asked;
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice === chosen));
    try {
      const { cases } = await api.query(CASES, { first: PAGE, after: null, states });
      if (mine !== asked) return;
      fill(body, connectionList({
        connection: cases,
        more: async (after) => (await api.query(CASES, { first: PAGE, after, states })).cases,
        row: caseRow,
        nothing: empty("这里还没有办件", "您提交的申请会出现在这里，可以随时查看进度。",
          el("a", { class: "button button-secondary", href: "#/items", text: "看看可以办什么" })),
      }));
    } catch (error) {
      if (isLoginNeeded(error)) return go("/login", { replace: true });
      if (mine === asked) fill(body, failure(error, () => choose(chosen, states)));
    }
  };
  fill(
    main,
    el("h1", { class: "page-title", text: "我的办件" }),
    el("div", { class: "choices", role: "group", "aria-label": "筛选办件" }, choices),
    body,
  );
  await choose(choices[0], null);
}
