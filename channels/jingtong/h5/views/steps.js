// How far something has come, and what happened on the way.

import { dateTime } from "../format.js";
import { el, icon } from "../ui.js";

const STEP_WORDS = { done: "已完成", current: "进行中", waiting: "等待中", skipped: "未进行" };

/** The steps of a case or a transfer, in order. */
export function timeline(steps) {
  return el("ol", { class: "steps" }, steps.map((step) => {
    // a case that ended early counts every step as done, but came to some of them never
    const state = step.state.toLowerCase();
    return el("li", { class: `step step-${state}`, "aria-current": state === "current" ? "step" : null },
      el("span", { class: "step-mark" }, state === "done" && icon("check")),
      el("span", { class: "step-name", text: step.name }),
      el("span", { class: "quiet small", text: step.at ? dateTime(step.at) : STEP_WORDS[state] }));
  }));
}

/** What happened, the newest first, folded away. */
export function historyOf(events, title = "办理记录") {
  if (!events?.length) return null;
  return el("details", { class: "explained" },
    el("summary", {}, el("span", { text: title }), icon("next")),
    el("ul", { class: "records" }, [...events].reverse().map((event) => el("li", {},
      el("span", { text: event.actionName }),
      el("span", { class: "quiet small", text: dateTime(event.at) }),
      (event.reason || event.note)
        && el("span", { class: "quiet small note", text: [event.reason, event.note].filter(Boolean).join("：") })))));
}
