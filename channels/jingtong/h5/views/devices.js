// Where I am logged in: one device signed out, or all of them, on every channel at once.

import * as api from "../api.js";
import { LOGIN_DEVICES, SIGN_OUT_DEVICE, SIGN_OUT_EVERYWHERE } from "../documents.js";
import { dateTime } from "../format.js";
import { forget } from "../session.js";
import { button, confirmed, el, fill, icon, notice, section, sentence, toast } from "../ui.js";

export async function showDevices(main, _, go) {
  const { loginDevices, sensitiveChanges } = await api.query(LOGIN_DEVICES);
  const list = el("div", { class: "stage" });
  const draw = (devices) => fill(list, ...deviceSections(devices, draw));
  draw(loginDevices);
  fill(
    main,
    el("h1", { class: "page-title", text: "登录设备" }),
    el("p", { class: "quiet", text: "您的账户正在以下设备和渠道登录。有不认识的，请立即退出；全部退出后须重新登录。" }),
    ...sensitiveChanges.map(changeNotice),
    list,
    el("div", { class: "dock" }, everywhere(draw, go)),
  );
}

function changeNotice({ kindName, madeAt, coolsUntil, afterMasked }) {
  return notice("plain", el("p", {
    text: `${dateTime(madeAt)} 您的${kindName}变更为${afterMasked}。${dateTime(coolsUntil)} 前办理业务可能需要人脸核验。非本人操作请拨打12329。`,
  }));
}

function deviceSections(devices, draw) {
  const others = devices.filter(({ current }) => !current);
  return [
    section("本设备", el("ul", { class: "rows" }, devices.filter(({ current }) => current).map((one) => deviceRow(one, draw)))),
    section("其他设备", el("ul", { class: "rows" }, others.length
      ? others.map((one) => deviceRow(one, draw))
      : el("li", { class: "row" }, el("span", { class: "quiet", text: "没有在其他设备登录。" })))),
  ];
}

function deviceRow(one, draw) {
  const saying = el("span", { class: "says", role: "alert" });
  const keys = new api.RequestKeys();
  const signOut = async () => {
    const yes = await confirmed({
      title: `退出${deviceWords(one.device)}？`, text: `${one.channelName}上的登录将立即失效，须重新登录才能继续使用。`, yes: "退出该设备",
    });
    if (!yes) return;
    try {
      const { devices } = await api.mutate(SIGN_OUT_DEVICE, { id: one.id }, keys);
      toast("该设备已退出登录");
      draw(devices);
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return el("li", { class: "row" },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: `${deviceWords(one.device)} · ${one.channelName}` }),
      el("span", { class: "quiet small", text: `${dateTime(one.signedInAt)} 登录，最近使用 ${dateTime(one.lastSeenAt)}` }),
      one.employerNo && el("span", { class: "quiet small", text: `代表单位 ${one.employerNo}` }), saying),
    one.current ? el("span", { class: "pill pill-good", text: "正在使用" }) : button("退出", signOut, { kind: "quiet" }));
}

function everywhere(draw, go) {
  const keys = new api.RequestKeys();
  const saying = el("p", { class: "says", role: "alert" });
  const end = async (keepThis) => {
    const yes = await confirmed({
      title: keepThis ? "退出其他全部设备？" : "退出全部设备？",
      text: keepThis ? "除本设备外，所有渠道的登录将立即失效。" : "包括本设备在内，所有渠道的登录将立即失效。",
      yes: keepThis ? "退出其他设备" : "全部退出",
    });
    if (!yes) return;
    try {
      const { devices } = await api.mutate(SIGN_OUT_EVERYWHERE, { keepThis }, keys);
      if (!keepThis) {
        forget();
        return go("/login", { replace: true });
      }
      toast("其他设备已全部退出");
      draw(devices);
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return [
    saying,
    el("div", { class: "dock-actions" },
      button("退出其他设备", () => end(true), { kind: "secondary" }),
      button("退出全部设备", () => end(false), { kind: "danger" })),
  ];
}

/** What a browser says of itself, in words that its owner recognises. */
function deviceWords(agent) {
  const machine = [[/iPad/, "iPad"], [/iPhone/, "iPhone"], [/HarmonyOS|OpenHarmony/, "鸿蒙设备"], [/Android/, "安卓设备"],
    [/Windows/, "Windows电脑"], [/Macintosh/, "苹果电脑"], [/Linux/, "Linux电脑"]].find(([known]) => known.test(agent));
  const program = [[/MicroMessenger/, "微信"], [/AlipayClient/, "支付宝"], [/baiduboxapp/, "百度"], [/Edg/, "Edge浏览器"],
    [/Chrome/, "Chrome浏览器"], [/Firefox/, "Firefox浏览器"], [/Safari/, "Safari浏览器"]].find(([known]) => known.test(agent));
  return [machine?.[1] ?? "其他设备", program?.[1]].filter(Boolean).join(" ");
}

/** The way here, on the home page. */
export function devicesLink() {
  return el("a", { class: "more", href: "#/devices" }, "登录设备", icon("next"));
}
