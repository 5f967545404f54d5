// Building the page. Text only ever becomes text nodes, so nothing that a server sends can turn into markup or script.

import { LoginNeeded, Told } from "./errors.js";

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  home: "M4 11l8-7 8 7M6 10v9h12v-9",
  grid: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 7v6M12 16.5v.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z",
  rent: "M4 11l8-7 8 7M6 10v10h12V10M12 11v6M9 14h6",
  card: "M3 7h18v11H3zM3 11h18M6 15h4",
  exit: "M14 5h5v14h-5M4 12h11M11 8l4 4-4 4",
  clock: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 7v5l3.5 2",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
  cloud: "M7 18h10a4 4 0 0 0 .6-7.95A6 6 0 0 0 6 9.5 4.3 4.3 0 0 0 7 18z",
  document: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
};

/** An element. `text` and `on` { event: listener } are special, the rest attributes; false and null are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else element.setAttribute(name, value === true ? "" : value);
  }
  if (children.length) fill(element, ...children);
  return element;
}

/** Replaces what an element holds; lists are flattened, null, undefined and false left out. */
export function fill(element, ...children) {
  const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  element.replaceChildren(...kept);
  return element;
}

/** A decoration; the words beside it say what it means. */
export function icon(name) {
  return drawing(ICONS[name], "icon");
}

/** A small face for a grade of 1 to 5. */
export function face(grade) {
  const mouth = { 5: "M7.5 13.5c1.5 4 7.5 4 9 0z", 4: "M8 14.5c2 2.5 6 2.5 8 0", 3: "M8 15.5h8",
    2: "M8 16.5c2-2 6-2 8 0", 1: "M8 17c1.5-3.5 6.5-3.5 8 0" }[grade];
  return drawing(`M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19zM8.8 9.5v.6M15.2 9.5v.6${mouth}`, "face");
}

function drawing(path, className) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", class: className, "aria-hidden": "true" })) {
    svg.setAttribute(name, value);
  }
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** A button that is deaf while its (possibly asynchronous) action runs: a double tap is one tap. */
export function button(label, action, { kind = "primary", id = null, busyLabel = "请稍候…", type = "button" } = {}) {
  const words = el("span", { text: label });
  const element = el("button", { type, class: `button button-${kind}`, id }, words);
  element.addEventListener("click", async () => {
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    words.textContent = busyLabel;
    try {
      await action();
    } finally {
      element.removeAttribute("aria-busy");
      words.textContent = label;
    }
  });
  return element;
}

export function section(title, ...children) {
  if (!children.flat(Infinity).some(Boolean)) return null;
  return el("section", { class: "section" }, title && el("h2", { class: "section-title", text: title }), children);
}

/** A list of terms: [name, value][] */
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value).map(([name, value]) =>
    el("div", { class: "fact" }, el("dt", { text: name }), el("dd", {}, value)));
  return el("dl", { class: "facts" }, rows);
}

export function notice(kind, ...children) {
  const shape = { trouble: "alert", refusal: "alert", good: "check", plain: "clock" }[kind];
  return el("div", { class: `notice notice-${kind}`, role: kind === "plain" ? null : "alert" },
    icon(shape), el("div", { class: "notice-text" }, children));
}

export function empty(title, text, ...actions) {
  return el("div", { class: "empty" }, icon("document"),
    el("p", { class: "empty-title", text: title }), text && el("p", { class: "quiet", text }), actions);
}

/** Grey shapes where content will be; announced as loading. */
export function loading(...heights) {
  const shapes = heights.map((height) => el("div", { class: `bone bone-${height}` }));
  return el("div", { class: "loading", role: "status", "aria-label": "正在加载" }, shapes);
}

/** What to show when something did not work, with a way to try again. */
export function failure(error, retry) {
  return el("div", { class: "empty", role: "alert" }, icon("cloud"),
    el("p", { class: "empty-title", text: "没有加载出来" }),
    el("p", { class: "quiet", text: sentence(error) }),
    button("重新加载", retry, { kind: "secondary" }));
}

/** The sentence of an error; faults of our own code are not for the citizen. */
export function sentence(error) {
  const text = error instanceof Told ? error.message : "页面出了点问题，请刷新后重试。";
  return error?.reference && !text.includes(error.reference) ? `${text}（如需帮助请拨打12329，并告知编号 ${error.reference}）` : text;
}

export function isLoginNeeded(error) {
  return error instanceof LoginNeeded;
}

export function toast(text) {
  const element = el("div", { class: "toast", role: "status", text });
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), 5000);
}

/** Tells a screen reader, without changing what is seen. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Asks before something that cannot be taken back. Resolves to true or false. */
export function confirmed({ title, text, yes, no = "再想想" }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "dialog-title" },
      el("h2", { id: "dialog-title", text: title }), el("p", { class: "quiet", text }),
      el("div", { class: "dialog-actions" },
        button(no, () => dialog.close("no"), { kind: "secondary" }),
        button(yes, () => dialog.close("yes"), { kind: "danger" })));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A labelled text field with a place for what the centre says about it. `onChange(text, settled)`: settled on leaving. */
export function textField({ name, label, hint = "", value = "", onChange, ...attributes }) {
  const about = `${name}-says`;
  const input = el("input", {
    id: name, name, class: "input", value, "aria-describedby": about, autocomplete: "off", ...attributes,
    on: { input: () => onChange(input.value.trim(), false), change: () => onChange(input.value.trim(), true) },
  });
  return el("div", { class: "field", "data-field": name },
    el("label", { class: "label", for: name, text: label }), input,
    hint && el("p", { class: "hint", text: hint }), says(about));
}

/** Where `showRefusals` puts the sentences about a field. */
export function says(id) {
  return el("p", { class: "says", id, "aria-live": "polite" });
}

/** Puts each refusal beside its field; returns those that belong to no field shown here. */
export function showRefusals(form, userErrors) {
  const rest = [];
  for (const field of form.querySelectorAll("[data-field]")) mark(field, []);
  for (const error of userErrors) {
    const field = error.field && form.querySelector(`[data-field="${CSS.escape(error.field)}"]`);
    if (field) mark(field, [...messagesOf(field), error.message]);
    else rest.push(error);
  }
  return rest;
}

function messagesOf(field) {
  const text = field.querySelector(".says").textContent;
  return text ? [text] : [];
}

function mark(field, messages) {
  field.classList.toggle("refused", messages.length > 0);
  field.querySelector(".says").textContent = messages.join("");
  for (const input of field.querySelectorAll("input, textarea")) {
    if (messages.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}
