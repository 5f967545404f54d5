// A kiosk: the visit begins with the card, and ends by the citizen or by nobody being there; then nothing is left.
//
// The terminal's shell offers `globalThis.kioskDevice`: `{ deviceNo, read(challenge), print(bytes) }`. `read` has the reader
// look at the card and the person, signs reader's answer, challenge and the next number with the device's own key, and
// resolves to the assertion. The key never comes here. `print` prints a PDF and resolves to "printed", "no_paper" or
// "jam", or to anything else that went wrong; the shell keeps nothing of it.

import { Trouble } from "./errors.js";
import { adopt, forget, logOut, renewNow, signedIn } from "./session.js";
import { button, el, fill, icon, sentence } from "./ui.js";

const WARN_BEFORE_SECONDS = 20;
const RENEW_EVERY_MILLISECONDS = 30_000;

let idleSeconds = 120;
let touched = Date.now();
let renewed = Date.now();
let printing = false;
/** The documents that this device's owner was granted; null: all of them. The service refuses the others too. */
let granted = null;

export const isKiosk = document.documentElement.dataset.channel === "kiosk";

/** Whether what a document serves is to be shown here. */
export const offers = (document) => !granted || granted.has(document);

/** The first page: put the card on the reader. */
export async function showKioskStart(main, _, go) {
  const saying = el("p", { class: "says", role: "alert" });
  const start = button("开始办理", async () => {
    saying.textContent = "";
    try {
      await begin();
      go("/", { replace: true });
    } catch (error) {
      saying.textContent = sentence(error);
    }
  }, { id: "start", busyLabel: "正在核验，请看摄像头…" });
  fill(main, el("div", { class: "kiosk-start" },
    icon("rent"),
    el("h1", { text: "请将本人身份证放在读卡区" }),
    el("div", { class: "kiosk-card", "aria-hidden": "true", text: "身份证" }),
    start, saying,
    el("p", { class: "quiet", text: "办理完毕请取走证件和纸张。长时间无操作会自动退出，已填写的内容保留一小时，重新刷卡后可继续。" })));
}

async function begin() {
  const device = globalThis.kioskDevice;
  if (!device) throw new Trouble("终端设备没有就绪，请使用其他终端或到柜台办理。", { code: "KIOSK" });
  const { challenge } = await post("/auth/kiosk/challenge", { device: device.deviceNo });
  const assertion = await device.read(challenge).catch(() => null);
  if (!assertion) throw new Trouble("没有读到身份证，请重新放置后再试。", { code: "KIOSK" });
  const visit = await post("/auth/kiosk/session", { device: device.deviceNo, assertion });
  idleSeconds = visit.idle_seconds;
  granted = visit.documents && new Set(visit.documents);
  touched = renewed = Date.now();
  adopt(visit);
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (answer?.ok) return told;
  throw new Trouble(told?.error?.message ?? "网络连接不上，请稍后再试或到柜台办理。", { code: told?.error?.code ?? "NETWORK" });
}

const OUTCOMES = { printed: "PRINTED", no_paper: "NO_PAPER", jam: "JAM" };

/** Prints a file given in Base64 and resolves to a `PrintOutcome`. Its bytes are wiped; no address of it ever exists. */
export async function toPrinter(content) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  printing = true;
  try {
    return OUTCOMES[await globalThis.kioskDevice.print(bytes)] ?? "FAULT";
  } catch {
    return "FAULT";
  } finally {
    bytes.fill(0);
    printing = false;
    touched = Date.now();
  }
}

/** Ends the visit and loads the page anew: nothing of the citizen stays in this browser's memory. */
export async function leave() {
  await logOut().catch(() => false);
  forget();
  sessionStorage.clear();
  location.replace("/h5/kiosk.html");
}

function watch() {
  const cover = document.getElementById("idle");
  const left = idleSeconds - Math.floor((Date.now() - touched) / 1000);
  if (!signedIn()) {
    cover.hidden = true;
    return;
  }
  if (printing) touched = Date.now(); // the visit does not end under the printer's hands
  else if (left <= 0) return void leave();
  if (!printing && left <= WARN_BEFORE_SECONDS) {
    if (cover.hidden) {
      fill(cover, el("h2", { id: "idle-title", text: "还在办理吗？" }), el("strong", {}),
        el("p", { text: "秒后自动退出，请取走您的证件。" }),
        button("继续办理", stay, { id: "stay" }), button("退出", leave, { kind: "quiet", id: "leave" }));
      cover.hidden = false;
    }
    cover.querySelector("strong").textContent = String(left);
    return;
  }
  cover.hidden = true;
  // who is there keeps the session; who is not lets it lie idle at the server too
  if (touched > renewed && Date.now() - renewed > RENEW_EVERY_MILLISECONDS) {
    renewed = Date.now();
    renewNow().catch(() => {});
  }
}

function stay() {
  touched = Date.now();
  watch();
}

if (isKiosk) {
  for (const event of ["pointerdown", "keydown"]) {
    addEventListener(event, () => {
      if (document.getElementById("idle").hidden) touched = Date.now();
    }, { capture: true, passive: true });
  }
  addEventListener("contextmenu", (event) => event.preventDefault());
  setInterval(watch, 500);
}
