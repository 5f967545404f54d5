// The end of the link in a message: the citizen is logged in with the real name and says yes to tying the account of the
// platform to it. The server has the last word: the code has to stand for the account that asked for the link.

import { Trouble } from "../errors.js";
import { accessToken, remember } from "../session.js";
import { button, el, fill, icon, isLoginNeeded, notice, sentence } from "../ui.js";

export async function showBind(main, parameter, go) {
  const [ticket, code] = parameter.split("/");
  await accessToken(); // who is not logged in goes there first and comes back
  const saying = el("div", {});
  const yes = button("确认关联", async () => {
    fill(saying);
    try {
      await bind(ticket, code);
      fill(main, done(go));
    } catch (error) {
      if (isLoginNeeded(error)) {
        remember(location.hash); // the way back leads here again
        return go("/login", { replace: true });
      }
      fill(saying, notice("refusal", el("p", { text: sentence(error) })));
    }
  }, { id: "bind", busyLabel: "正在关联…" });
  fill(
    main,
    el("h1", { class: "page-title", text: "关联平台账号" }),
    el("p", { text: "关联后，您可以用这个微信或支付宝账号登录，并在其中接收业务通知。" }),
    notice("plain", el("p", { text: "请确认链接是您本人在公众号或生活号中获取的。他人发来的链接请勿确认，否则对方可以查看您的公积金信息。" })),
    saying,
    yes,
    button("不是本人获取，不关联", () => go("/", { replace: true }), { kind: "secondary" }),
  );
}

async function bind(ticket, code) {
  const bearer = await accessToken();
  const answer = await fetch("/auth/bind", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ ticket, code }),
    credentials: "same-origin",
  }).catch(() => null);
  if (answer?.ok) return;
  const told = await answer?.json().catch(() => null);
  throw new Trouble(told?.error?.message ?? "网络连接不上，请检查网络后重试。", { code: told?.error?.code ?? "NETWORK" });
}

function done(go) {
  return el("div", { class: "empty", role: "status" }, icon("check"),
    el("p", { class: "empty-title", text: "关联成功" }),
    el("p", { class: "quiet", text: "可以关闭本页面回到微信或支付宝，也可以继续查看账户。" }),
    button("查看我的账户", () => go("/", { replace: true })));
}
