// The fields of the application.

import { el, facts, says } from "../ui.js";

export const FREQUENCIES = [
  { value: "QUARTERLY", label: "按季提取", note: "每三个月一次" },
  { value: "MONTHLY", label: "按月提取", note: "每个月一次" },
];

const COMMITMENT = [
  "本人及配偶在本市无自有住房，租房居住，所填写的信息真实、准确、完整。",
  "授权北京住房公积金管理中心向不动产登记、婚姻登记、房屋租赁等部门核验本人及配偶的相关信息，并已取得配偶同意。",
  "在约定期间内情况发生变化、不再符合条件的，及时告知并终止提取。",
  "如承诺不实，愿意退回已提取的款项，并接受：告知所在单位，记入个人不良信息，在规定年限内不能办理提取和贷款；"
    + "构成犯罪的，依法移送司法机关。",
];

export function introduction({ serviceItem, viewer, rentArrangement }) {
  return el("div", { class: "intro" },
    el("p", { text: "在本市没有自有住房、租房居住的缴存人，可以提取公积金支付房租。" }),
    facts([
      ["申请人", viewer.person && `${viewer.person.nameMasked}　${viewer.person.documentNoMasked}`],
      ["办理时限", serviceItem.timeLimit],
      ["所需材料", serviceItem.materials?.length ? serviceItem.materials.join("；") : "无需提交材料，由系统核验"],
      ["现有约定", rentArrangement && rentArrangement.stateName],
    ]));
}

/** One choice of few, as large targets. */
export function radioGroup({ field, legend, options, value, onChange, nothing = "" }) {
  const id = `${field}-says`;
  return el("fieldset", { class: "field options", "data-field": field, "aria-describedby": id },
    el("legend", { class: "unseen", text: legend }),
    options.length ? null : el("p", { class: "hint", text: nothing }),
    options.map((option) => el("label", { class: "option" },
      el("input", { type: "radio", name: field, value: option.value, checked: option.value === value,
        on: { change: () => onChange(option.value) } }),
      el("span", { class: "option-words" }, el("span", { class: "option-label", text: option.label }),
        el("span", { class: "quiet small", text: option.note })),
      el("span", { class: "option-mark", "aria-hidden": "true" }))),
    says(id));
}

export function checkbox({ field, label, note, value, onChange }) {
  const id = `${field}-says`;
  const box = el("input", { type: "checkbox", name: field, checked: value, "aria-describedby": `${field}-note ${id}`,
    on: { change: () => onChange(box.checked) } });
  return el("div", { class: "field", "data-field": field },
    el("label", { class: "option" }, box,
      el("span", { class: "option-words" }, el("span", { class: "option-label", text: label })),
      el("span", { class: "option-mark option-mark-square", "aria-hidden": "true" })),
    note && el("p", { class: "hint", id: `${field}-note`, text: note }), says(id));
}

/** The commitment that takes the place of proof (告知承诺), in full, before the box. */
export function commitment({ value, onChange }) {
  return el("div", {},
    el("div", { class: "paper" },
      el("p", { class: "paper-title", text: "授权、承诺书" }), el("p", { text: "本人郑重承诺并授权：" }),
      el("ol", {}, COMMITMENT.map((text) => el("li", { text })))),
    checkbox({ field: "commitment", label: "我已阅读并同意《授权、承诺书》", note: "", value, onChange }));
}
