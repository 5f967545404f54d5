// Another phone for messages: a code goes to the new number, the person shows their face, and the old number is told.

import * as api from "../api.js";
import { CHANGE_MOBILE, PHONE, SEND_PHONE_CODE } from "../documents.js";
import { Refusal } from "../errors.js";
import { dateTime } from "../format.js";
import { button, el, facts, fill, icon, notice, sentence, showRefusals, textField } from "../ui.js";
import { facePanel, stepUpOf } from "./face.js";

const AGAIN_AFTER_SECONDS = 60;

export async function showPhone(main) {
  const { viewer, sensitiveChanges } = await api.query(PHONE);
  const form = new PhoneForm(main);
  fill(
    main,
    el("h1", { class: "page-title", text: "变更手机号码" }),
    facts([["现有手机号码", viewer.person?.mobileMasked ?? "未登记"]]),
    ...coolingOff(sensitiveChanges),
    el("p", { class: "quiet", text: "办件进度、到账和验证码都发送到这个号码。变更须用新手机接收验证码，并由本人刷脸核验。" }),
    form.element,
  );
  return () => form.leave();
}

/** What is said of changes of phone that have not cooled off. */
function coolingOff(changes) {
  return changes.filter(({ kind }) => kind === "phone").map(({ madeAt, coolsUntil, beforeMasked, afterMasked }) =>
    notice("plain",
      el("p", { class: "notice-title", text: "变更冷静期" }),
      el("p", { text: `${dateTime(madeAt)} 手机号码由${beforeMasked}变更为${afterMasked}。${dateTime(coolsUntil)} 前，提取和变更收款卡须刷脸核验。` }),
      el("p", { text: "已短信告知原号码。不是您本人操作的，请点开该短信中的链接，所有渠道的登录会立即停用；也可拨打12329。" })));
}

class PhoneForm {
  #mobile = "";
  #code = "";
  #sendKeys = new api.RequestKeys();
  #changeKeys = new api.RequestKeys();
  #ticking = null;

  constructor(main) {
    this.main = main;
    this.saying = el("div", { "aria-live": "polite" });
    this.sendButton = button("获取验证码", () => this.#send(), { kind: "secondary", id: "send-code" });
    this.submitButton = button("确认变更", () => this.#change(), { id: "change-phone", busyLabel: "正在变更…" });
    this.element = el("form", { class: "stage", novalidate: true, on: { submit: (event) => event.preventDefault() } },
      textField({ name: "mobile", label: "新手机号码", inputmode: "tel", maxlength: "11", type: "tel",
        onChange: (text) => { this.#mobile = text; } }),
      this.sendButton,
      textField({ name: "code", label: "短信验证码", hint: "6位数字，发送到新手机", inputmode: "numeric", maxlength: "6",
        autocomplete: "one-time-code", onChange: (text) => { this.#code = text; } }),
      this.saying,
      this.submitButton);
  }

  leave() {
    clearInterval(this.#ticking);
  }

  async #send() {
    try {
      const { mobileMasked, expiresAt } = await api.mutate(SEND_PHONE_CODE, { mobile: this.#mobile }, this.#sendKeys);
      showRefusals(this.element, []);
      fill(this.saying, notice("good", el("p", { text: `验证码已发送到 ${mobileMasked}，${dateTime(expiresAt)} 前有效。` })));
      this.element.querySelector("#code").focus();
      this.#wait();
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Another code only after a while; the limit itself is the service's. */
  #wait() {
    const words = this.sendButton.querySelector("span");
    let left = AGAIN_AFTER_SECONDS;
    const tick = () => {
      this.sendButton.disabled = left > 0;
      words.textContent = left > 0 ? `${left}秒后可重新获取` : "重新获取验证码";
      if (left-- <= 0) clearInterval(this.#ticking);
    };
    clearInterval(this.#ticking);
    this.#ticking = setInterval(tick, 1000);
    setTimeout(tick); // after the button has its own words back
  }

  async #change() {
    try {
      const { changes } = await api.mutate(CHANGE_MOBILE, { mobile: this.#mobile, code: this.#code }, this.#changeKeys);
      this.leave();
      fill(this.main,
        el("div", { class: "empty", role: "status" }, icon("check"), el("p", { class: "empty-title", text: "手机号码已变更" })),
        ...coolingOff(changes),
        el("a", { class: "button button-primary", href: "#/" , text: "返回首页" }));
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error) {
    const stepUp = stepUpOf(error.userErrors);
    if (stepUp) {
      showRefusals(this.element, []);
      fill(this.saying, facePanel({ stepUp, onPassed: () => this.#change() }));
    } else if (error instanceof Refusal) {
      const general = showRefusals(this.element, error.userErrors);
      fill(this.saying, general.length && notice("refusal", ...general.map(({ message }) => el("p", { text: message }))));
      this.element.querySelector(".refused input")?.focus();
    } else {
      fill(this.saying, notice("trouble", el("p", { text: sentence(error) })));
    }
  }
}

/** The way here, on the home page. */
export function phoneLink() {
  return el("a", { class: "more", href: "#/phone" }, "变更手机号码", icon("next"));
}
