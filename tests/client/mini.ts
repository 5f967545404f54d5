// The three mini-programs against the service: each adapter on a stand-in of its platform, the shared session above it.

import { homeView, JINGTONG_ITEMS } from "../../channels/jingtong/client/home.ts";
import { MiniSession, NotLinked } from "../../channels/jingtong/client/mini.ts";
import type { Platform } from "../../channels/jingtong/client/mini.ts";

const settings = (globalThis as unknown as { process: { env: Record<string, string> } }).process.env;
const BASE = settings["CLIENT_URL"] ?? "";
const SIMULATORS = settings["SIMULATORS_URL"] ?? "";
const ACCOUNT = `mini${settings["CLIENT_RUN"]}00000000`;

async function code(path: string, account: object): Promise<string> {
  const answer = await fetch(`${SIMULATORS}/_sim/${path}/code`, { method: "POST", body: JSON.stringify(account) });
  return ((await answer.json()) as { code: string }).code;
}

async function sent(asked: { method: string; url: string; data: string; header?: object; headers?: object }) {
  const headers = { ...asked.header, ...asked.headers } as Record<string, string>;
  const body = asked.method === "GET" ? null : asked.data;
  const response = await fetch(asked.url, { method: asked.method, headers, body });
  return { status: response.status, data: await response.json().catch(() => null) };
}

type Asked = Parameters<typeof sent>[0] & { success(answer: object): void; fail(error: unknown): void };
type Login = { success(answer: object): void; fail(error: unknown): void };

const scope = globalThis as unknown as Record<string, unknown>;
const plain = (asked: Asked): void => {
  sent(asked).then(({ status, data }) => asked.success({ statusCode: status, data }), asked.fail);
};
type Asking = {
  tmplIds?: string[]; entityIds?: string[]; templateIds?: string[]; subscribeId?: string; success(answer: object): void;
};
// the person says yes on two platforms, and closes the dialog of the third
scope["wx"] = {
  requestSubscribeMessage: ({ tmplIds = [], success }: Asking) =>
    success({ errMsg: "ok", ...Object.fromEntries(tmplIds.map((one) => [one, "accept"])) }),
  login: ({ success, fail }: Login) =>
    code("wechat", { openid: ACCOUNT, appid: settings["WECHAT_APP"] }).then((made) => success({ code: made }), fail),
  request: plain,
};
scope["swan"] = {
  subscribeService: ({ templateIds = [], subscribeId, success }: Asking) =>
    success(Object.fromEntries(templateIds.map((one) => [one, subscribeId === `hpf-${one}` ? "accept" : "reject"]))),
  getLoginCode: ({ success, fail }: Login) =>
    code("baidu", { open_id: ACCOUNT }).then((made) => success({ code: made }), fail),
  request: plain,
};
scope["my"] = {
  requestSubscribeMessage: ({ success }: Asking) => success({ behavior: "cancel", result: {} }),
  getAuthCode: ({ success, fail }: Login) =>
    code("alipay", { open_id: ACCOUNT }).then((made) => success({ authCode: made }), fail),
  request: (asked: Asked): void => {
    sent(asked).then((answer) => (answer.status < 400 ? asked.success(answer) : asked.fail(answer)), asked.fail);
  },
};

async function flow(platform: Platform): Promise<object> {
  let now = Date.now();
  const session = new MiniSession(platform, BASE, () => now);
  const before = await homeView(session);
  const refused = await session.bearer().catch((error: unknown) => (error instanceof NotLinked ? error.code : "other"));
  await session.link(settings["CLIENT_TOKEN"] ?? "");
  const [view, again] = await Promise.all([homeView(session), homeView(session)]);
  const notices = [await session.subscribe(), await session.subscribe()];
  const phone = await session.phone("no code").catch((error: unknown) => (error as { code?: string }).code);
  const first = await session.bearer();
  now += 3_600_000;
  const renewed = await Promise.all([session.bearer(), session.bearer()]);
  await session.logOut();
  const after = await homeView(session);
  const nowhere = new MiniSession({ ...platform, request: () => Promise.reject(new Error("offline")) }, BASE);
  return {
    channel: platform.channel,
    before: before.state,
    refused,
    name: view.name,
    same: JSON.stringify(view) === JSON.stringify(again),
    items: view.items.length === JINGTONG_ITEMS.length,
    rent: view.items.find((item) => item.code === "C20")?.page,
    loans: view.items.find((item) => item.code === "L01")?.page,
    balances: view.accounts.length,
    renewed: renewed[0] === renewed[1] && renewed[0] !== first,
    notices: notices.map((words) => words.slice(0, 4)),
    phone,
    after: after.state,
    offline: (await homeView(nowhere)).message,
  };
}

const platforms = [];
for (const name of ["wechat", "alipay", "baidu"]) {
  const { platform } = (await import(`../../channels/jingtong/${name}/platform.ts`)) as { platform: Platform };
  platforms.push(await flow(platform));
}
console.log(JSON.stringify({ items: JINGTONG_ITEMS, platforms }));
