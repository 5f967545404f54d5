// Five grades, what they were about, and a few words (政务服务“好差评”): for one's own case, or by a one-time code.

import * as api from "../api.js";
import {
  CASE, EVALUATE_BY_INVITATION, EVALUATE_CASE, EVALUATE_TRANSFER, EVALUATION_INVITATION, TRANSFER,
} from "../documents.js";
import { Refusal } from "../errors.js";
import {
  button, el, empty, face, fill, icon, isLoginNeeded, notice, says, section, sentence, showRefusals,
} from "../ui.js";
import { GRADES, QUESTIONS, tagsOf } from "./evaluate_words.js";

const COMMENT_MAX = 500;
const BAD_GRADE_MAX = 2;

export async function showEvaluate(main, id, go) {
  const item = (await api.query(CASE, { id })).case;
  if (!item || !item.allowedActions.includes("evaluate")) {
    const text = item?.evaluation ? "您已评价过本次服务，感谢您的反馈。" : "办件办结后方可评价，请在收到办结通知后再评价。";
    fill(main, empty("现在不能评价", text, el("a", { class: "button button-secondary", href: "#/cases", text: "返回我的办件" })));
    return;
  }
  new Evaluation(main, {
    itemName: item.itemName,
    caseNo: item.caseNo,
    send: (input, keys) => api.mutate(EVALUATE_CASE, { id: item.id, ...input }, keys),
    after: [
      el("a", { class: "button button-primary", href: "#/", text: "返回首页" }),
      el("a", { class: "button button-secondary", href: `#/case/${item.id}`, text: "查看办件" }),
    ],
    toLogin: () => go("/login", { replace: true }),
  }).draw();
}

/** A transfer is evaluated as a case is. */
export async function showEvaluateTransfer(main, id, go) {
  const one = (await api.query(TRANSFER, { id })).transfer;
  if (!one?.evaluable) {
    const text = one?.evaluation ? "您已评价过本次服务，感谢您的反馈。" : "转移办结后方可评价，请在收到办结通知后再评价。";
    fill(main, empty("现在不能评价", text, el("a", { class: "button button-secondary", href: "#/transfers", text: "返回我的转移" })));
    return;
  }
  new Evaluation(main, {
    itemName: `异地${one.directionName}`,
    caseNo: one.transferNo,
    send: (input, keys) => api.mutate(EVALUATE_TRANSFER, { id: one.id, ...input }, keys),
    after: [
      el("a", { class: "button button-primary", href: "#/", text: "返回首页" }),
      el("a", { class: "button button-secondary", href: `#/transfer/${one.id}`, text: "查看转移" }),
    ],
    toLogin: () => go("/login", { replace: true }),
  }).draw();
}

/** The pad at a window, a QR code, a kiosk: nobody is logged in, and nothing is left behind afterwards. */
export async function showInvited(main, code, go) {
  const asked = (await api.query(EVALUATION_INVITATION, { code }, { anyone: true })).evaluationInvitation;
  if (!asked) {
    fill(main, empty("评价码无效", "评价码无效、已使用或已过期，请向工作人员重新索取，或在京通“我的办件”中评价。"));
    return;
  }
  new Evaluation(main, {
    itemName: asked.itemName,
    caseNo: asked.caseNo,
    send: (input, keys) => api.mutate(EVALUATE_BY_INVITATION, { code, ...input }, keys, { anyone: true }),
    after: [],
    toLogin: () => go("/login", { replace: true }),
  }).draw();
}

class Evaluation {
  #keys = new api.RequestKeys();
  #input = { grade: null, tags: [], comment: null };

  constructor(main, about) {
    Object.assign(this, { main, about });
  }

  draw() {
    this.tagBox = el("div", { class: "unfold" });
    this.saying = el("div", {});
    this.counter = el("span", { class: "quiet small counter", text: `0/${COMMENT_MAX}` });
    this.form = el("div", { class: "fields" },
      el("fieldset", { class: "field grades", "data-field": "grade" },
        el("legend", { class: "unseen", text: "总体评价" }),
        GRADES.map(([grade, words]) => el("label", { class: "grade" },
          el("input", { type: "radio", name: "grade", value: grade, on: { change: () => this.#choose(grade) } }),
          face(grade), el("span", { text: words }))),
        says("grade-says")),
      this.tagBox,
      el("div", { class: "field", "data-field": "comment" },
        el("label", { class: "label", for: "comment", text: "想说的话（选填）" }),
        this.#textarea(), this.counter, says("comment-says")));
    fill(
      this.main,
      el("h1", { class: "page-title", text: "本次服务您满意吗？" }),
      el("p", { class: "quiet", text: `${this.about.itemName}　${this.about.caseNo}` }),
      this.form, this.saying,
      button("提交评价", () => this.submit(), { id: "submit", busyLabel: "正在提交…" }),
      el("p", { class: "hint centred", text: "每个办件在同一渠道只能评价一次，评价将如实报送“好差评”平台。" }),
    );
  }

  #textarea() {
    const area = el("textarea", { id: "comment", name: "comment", class: "input", rows: 4, maxlength: COMMENT_MAX,
      "aria-describedby": "comment-says", placeholder: "您的意见会帮助我们把服务做得更好",
      on: { input: () => {
        this.#input.comment = area.value.trim() || null;
        this.counter.textContent = `${area.value.length}/${COMMENT_MAX}`;
      } } });
    return area;
  }

  #choose(grade) {
    const before = this.#input.grade;
    this.#input.grade = grade;
    showRefusals(this.form, []);
    if (grade === before) return;
    // what was chosen stays chosen where the new grade offers it too
    const offered = tagsOf(grade);
    this.#input.tags = this.#input.tags.filter((chosen) => offered.some(([code]) => code === chosen));
    fill(this.tagBox, section(QUESTIONS[grade],
      el("div", { class: "choices", role: "group", "data-field": "tags" },
        offered.map(([code, words]) => this.#tag(code, words)), says("tags-says"))));
  }

  #tag(code, words) {
    const toggle = () => {
      const chosen = !this.#input.tags.includes(code);
      this.#input.tags = chosen ? [...this.#input.tags, code] : this.#input.tags.filter((other) => other !== code);
      tag.setAttribute("aria-pressed", String(chosen));
    };
    const tag = el("button", {
      type: "button",
      class: "choice",
      "aria-pressed": String(this.#input.tags.includes(code)),
      text: words,
      on: { click: toggle },
    });
    return tag;
  }

  async submit() {
    if (this.#input.grade === null) {
      showRefusals(this.form, [{ field: "grade", message: "请先选择一个满意程度。" }]);
      return;
    }
    try {
      await this.about.send({ ...this.#input }, this.#keys);
      this.#thank();
    } catch (error) {
      if (isLoginNeeded(error)) return this.about.toLogin();
      const general = error instanceof Refusal
        ? showRefusals(this.form, error.userErrors) : [{ message: sentence(error) }];
      fill(this.saying, ...general.map(({ message }) => notice("trouble", el("p", { text: message }))));
    }
  }

  #thank() {
    const bad = this.#input.grade <= BAD_GRADE_MAX;
    const heading = el("h1", { tabindex: -1, text: "感谢您的评价" });
    fill(this.main, el("div", { class: "done" },
      el("div", { class: "done-mark" }, icon("check")), heading,
      el("p", { class: "quiet", text: bad ? "很抱歉没有让您满意。我们会核实并整改，必要时与您联系。" : "您的肯定，是我们继续做好的动力。" }),
      ...this.about.after));
    heading.focus({ preventScroll: true });
  }
}
