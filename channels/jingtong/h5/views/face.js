// 实人核验: asked for by a refusal's `stepUp`, done on a page of the verification service, good for that one request.
// This page stays open meanwhile, so that nothing of the application has to be kept anywhere.

import * as api from "../api.js";
import { FINISH_FACE_CHECK, START_FACE_CHECK } from "../documents.js";
import { button, el, fill, notice, sentence } from "../ui.js";

/** What a refusal asks for, or null: { challenge, operationName, ways }. */
export function stepUpOf(userErrors) {
  return userErrors?.find(({ stepUp }) => stepUp)?.stepUp ?? null;
}

/** A panel that leads through the check and then calls `onPassed`, which sends the same request again. */
export function facePanel({ stepUp, onPassed }) {
  const box = el("div", {});
  const keys = new api.RequestKeys();
  draw(box, el("p", { text: `为保护您的资金安全，${stepUp.operationName}需要本人刷脸核验，核验只对这一次申请有效。` }),
    button("开始刷脸核验", () => start(box, stepUp, keys, onPassed), { id: "face-start" }),
    stepUp.ways.includes("counter") && el("p", { class: "small", text: "不便刷脸的，可携带身份证件到就近管理部办理。" }));
  return box;
}

async function start(box, stepUp, keys, onPassed) {
  try {
    const input = { challenge: stepUp.challenge, returnTo: location.pathname, metaInfo: "{}" };
    const { check } = await api.mutate(START_FACE_CHECK, input, keys);
    // a link that is tapped opens everywhere; a window that a script opens does not
    draw(box, el("p", { text: "请在打开的页面完成刷脸，然后回到这里继续。" }),
      el("a", { class: "button button-primary", href: check.url, target: "_blank", rel: "noopener", id: "face-open",
        text: "打开刷脸页面" }),
      button("我已完成，继续提交", () => finish(box, check, stepUp, onPassed), { kind: "secondary", id: "face-done" }));
  } catch (error) {
    draw(box, el("p", { text: sentence(error) }));
  }
}

async function finish(box, check, stepUp, onPassed) {
  try {
    const { check: now } = await api.mutate(FINISH_FACE_CHECK, { id: check.id });
    if (now.state === "passed") return await onPassed();
    const again = now.state === "started" ? "还没有收到核验结果，请先完成刷脸。" : "刷脸核验没有通过，请重新核验。";
    if (now.state === "started") return void box.querySelector("p").replaceChildren(again);
    const keys = new api.RequestKeys();
    draw(box, el("p", { text: again }), button("重新核验", () => start(box, stepUp, keys, onPassed)));
  } catch (error) {
    draw(box, el("p", { text: sentence(error) }));
  }
}

function draw(box, ...children) {
  fill(box, notice("plain", el("p", { class: "notice-title", text: "需要刷脸核验" }), ...children));
}
