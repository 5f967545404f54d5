// The service items that this channel offers; those not yet open are shown, so that nobody searches for them.

import * as api from "../api.js";
import { SERVICE_ITEMS } from "../documents.js";
import { el, fill, icon, section } from "../ui.js";

export async function showItems(main) {
  const { serviceItems } = await api.query(SERVICE_ITEMS);
  const areas = [...new Set(serviceItems.map(({ areaName }) => areaName))];
  fill(
    main,
    el("h1", { class: "page-title", text: "服务事项" }),
    areas.map((area) => section(area,
      el("ul", { class: "rows" }, serviceItems.filter(({ areaName }) => areaName === area).map(itemRow)))),
  );
}

/** A tile of the home page. */
export function itemCell(item) {
  const inside = [el("span", { class: "cell-name", text: shortName(item.name) }),
    el("span", { class: "cell-note", text: item.open ? "可办理" : "敬请期待" })];
  return el("li", {}, item.open
    ? el("a", { class: "cell", href: `#/apply/${item.code}` }, icon("rent"), inside)
    : el("span", { class: "cell cell-closed", "aria-disabled": "true" }, icon("document"), inside));
}

function itemRow(item) {
  const name = el("span", { class: "row-title", text: item.name });
  return el("li", {}, item.open
    ? el("a", { class: "row", href: `#/apply/${item.code}` }, el("span", { class: "row-main" }, name,
      item.timeLimit && el("span", { class: "quiet small", text: `办理时限：${item.timeLimit}` })),
      el("span", { class: "pill pill-running", text: "去办理" }), icon("next"))
    : el("span", { class: "row row-closed", "aria-disabled": "true" }, el("span", { class: "row-main" }, name),
      el("span", { class: "quiet small", text: "敬请期待" })));
}

/** Without what stands in brackets, which a tile has no room for. */
function shortName(name) {
  return name.replace(/（.*?）/g, "");
}
