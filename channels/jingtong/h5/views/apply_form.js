// The fields of the application, as the kind's data asks for them.

import { el, facts, notice, says, section, textField } from "../ui.js";

const FREQUENCIES = {
  ONCE: { label: "一次性提取", note: "审核通过后支付一次" },
  MONTHLY: { label: "按月提取", note: "每个月一次" },
  QUARTERLY: { label: "按季提取", note: "每三个月一次" },
  SEMIANNUAL: { label: "按半年提取", note: "每六个月一次" },
  ANNUAL: { label: "按年提取", note: "每年一次" },
};

export function introduction({ serviceItem, viewer, kind, arrangements }) {
  const [mine, shared] = [true, false].map((applicant) =>
    kind.materials.filter(({ providedBy }) => (providedBy === "applicant") === applicant).map(paper));
  const running = kind.frequencies.some((one) => one !== "ONCE")
    && arrangements.find(({ state }) => state === "running" || state === "paused");
  return el("div", { class: "intro" },
    el("p", { text: kind.about }),
    facts([
      ["申请人", viewer.person && `${viewer.person.nameMasked}　${viewer.person.documentNoMasked}`],
      ["提取限额", kind.limit],
      ["办理时限", serviceItem.timeLimit],
      ["请准备", mine.join("；")],
      ["系统核验", shared.length ? `${shared.join("；")}（无需提交）` : null],
    ]),
    running && notice("plain", el("p", {},
      `您有一项${running.stateName}的约定：${running.kindName}。同一时期只能有一项，`,
      el("a", { href: "#/arrangements", text: "可先变更或终止" }), "。")));
}

function paper({ name, when }) {
  return when ? `${name}（${when}）` : name;
}

/** The whole form; `onChange(name)` answers the listener of one field. */
export function fieldsOf({ kind, cards, answers, prefill, onChange }) {
  const earlier = new Map(prefill.map((one) => [one.name, one.source]));
  return [
    answers.arranged && section("提取方式", frequencyChoice({
      frequencies: kind.frequencies, value: answers.of("frequency"), onChange: onChange("frequency") })),
    section(kind.form === "closure" ? "办理信息" : "申请内容", kind.fields.map((field) => declared(
      field, { value: answers.of(field.name), earlier: earlier.get(field.name), onChange: onChange(field.name) }))),
    section("收款银行卡", cardChoice({ cards, value: answers.of("cardId"), onChange: onChange("cardId") })),
    answers.married && section("配偶信息",
      el("p", { class: "hint", text: "已婚的请填写；未婚、离异或丧偶的，请将两项都留空。" }),
      textField({ name: "spouseName", label: "配偶姓名", onChange: onChange("spouseName") }),
      textField({ name: "spouseDocumentNo", label: "配偶证件号码", maxlength: 18, spellcheck: "false",
        autocapitalize: "characters", onChange: onChange("spouseDocumentNo") })),
    kind.form === "rent" && section("到期自动接续", renewal({
      value: answers.of("autoRenewal"), onChange: onChange("autoRenewal") })),
    kind.commitment && section("授权与承诺", commitment({
      paragraphs: kind.commitmentText, value: answers.of("commitment"), onChange: onChange("commitment") })),
  ];
}

/** One field of the kind's own. */
export function declared(field, { value, earlier, onChange }) {
  const label = field.required ? field.title : `${field.title}（选填）`;
  if (field.type === "code") {
    return el("div", {}, el("p", { class: "label", text: label }), radioGroup({
      field: field.name, legend: field.title, value, onChange,
      options: field.options.map(({ code, name }) => ({ value: code, label: name })) }));
  }
  const shape = {
    money: { inputmode: "decimal", maxlength: 20 }, date: { type: "date" },
    document: { maxlength: 30, spellcheck: "false", autocapitalize: "characters" }, text: { maxlength: 200 },
  }[field.type];
  const hint = earlier ? `已按${earlier}预填，请核对` : field.hint;
  return textField({ name: field.name, label, value, hint, onChange, ...shape });
}

export function frequencyChoice({ frequencies, value, onChange }) {
  return radioGroup({ field: "frequency", legend: "多久提取一次", value, onChange,
    options: frequencies.map((code) => ({ value: code, ...FREQUENCIES[code] })) });
}

export function cardChoice({ cards, value, onChange }) {
  return radioGroup({ field: "cardId", legend: "款项转入本人银行卡", value, onChange,
    nothing: "您还没有登记银行卡，请携带身份证件和本人银行卡到就近管理部登记。",
    options: cards.map((card) => ({ value: card.id, label: card.bankName, note: card.cardNoMasked })) });
}

export function renewal({ value, onChange }) {
  return checkbox({ field: "autoRenewal", value, onChange, label: "同意到期后自动接续",
    note: "每次办理的有效期内按期提取。同意后，到期前我们会重新核验，仍符合条件的自动续办，无需再次申请；"
      + "不同意的，到期前会以短信提醒您。接续后可随时终止。" });
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
        option.note && el("span", { class: "quiet small", text: option.note })),
      el("span", { class: "option-mark", "aria-hidden": "true" }))),
    says(id));
}

export function checkbox({ field, label, note, value, onChange }) {
  const id = `${field}-says`;
  const box = el("input", { type: "checkbox", name: field, checked: Boolean(value),
    "aria-describedby": `${field}-note ${id}`, on: { change: () => onChange(box.checked) } });
  return el("div", { class: "field", "data-field": field },
    el("label", { class: "option" }, box,
      el("span", { class: "option-words" }, el("span", { class: "option-label", text: label })),
      el("span", { class: "option-mark option-mark-square", "aria-hidden": "true" })),
    note && el("p", { class: "hint", id: `${field}-note`, text: note }), says(id));
}

/** What is signed (告知承诺), in full, before the box. */
function commitment({ paragraphs, value, onChange }) {
  return el("div", {},
    el("div", { class: "paper" },
      el("p", { class: "paper-title", text: "授权、承诺书" }), el("p", { text: "本人郑重承诺并授权：" }),
      el("ol", {}, paragraphs.map((text) => el("li", { text })))),
    checkbox({ field: "commitment", label: "我已阅读并同意《授权、承诺书》", note: "", value, onChange }));
}
