// Welcome, and the way to the unified identity platform of the city.

import { logIn } from "../session.js";
import { button, el, fill, icon } from "../ui.js";

const PROMISES = [
  ["card", "账户一目了然", "余额、缴存和提取明细随时可查"],
  ["rent", "提取在手机上办", "提交之前先看到能提多少、为什么"],
  ["clock", "进度实时可见", "每一步走到哪里、款项何时到账"],
];

export async function showLogin(main) {
  fill(
    main,
    el("div", { class: "welcome" },
      el("div", { class: "welcome-mark" }, icon("rent")),
      el("h1", { text: "安居的每一步，都有着落" }),
      el("p", { class: "quiet", text: "北京住房公积金个人服务" }),
      el("ul", { class: "promises" }, PROMISES.map(([shape, title, text]) =>
        el("li", {}, icon(shape), el("div", {}, el("strong", { text: title }), el("span", { class: "quiet", text }))))),
      el("div", { class: "welcome-actions" },
        button("北京市统一身份认证登录", logIn, { id: "log-in", busyLabel: "正在前往认证平台…" }),
        el("p", { class: "hint centred", text: "登录由北京市统一身份认证平台完成，本页面不会接触您的密码。" }),
        el("p", { class: "hint centred" }, "咨询热线 ", el("a", { href: "tel:12329", text: "12329" })))),
  );
}
