// The session: an access token kept in memory only, renewed by the refresh token, which lives in a cookie that script
// cannot read. A refresh token works once; using one twice ends the session. So renewals queue up behind one another,
// within this page by one shared promise and between pages of the same browser by a lock.

import { LoginNeeded, Trouble } from "./errors.js";

// one page for three channels: inside 京通, the personal portal with every item, and the kiosks
const PORTAL = location.pathname.startsWith("/portal/");
const CHANNEL = document.documentElement.dataset.channel ?? (PORTAL ? "web_portal" : "jingtong_h5");
const PAGE = PORTAL ? "/portal/" : "/h5/";
const RENEW_SECONDS_BEFORE = 30;
const TIMEOUT_MILLISECONDS = 10_000;
const RETURN_KEY = "hpf.return";

let token = null;
let validUntil = 0;
let renewal = null;
/** At a kiosk it lives here and nowhere else; a browser at home keeps it in a cookie. */
let refreshToken = null;

/** An access token for the Authorization header. `rejected`: the token that the server has just refused. */
export async function accessToken({ rejected = null } = {}) {
  const usable = token && token !== rejected && Date.now() < validUntil;
  if (usable) return token;
  renewal ??= exclusively(renew).finally(() => { renewal = null; });
  return renewal;
}

/** Takes what a kiosk's visit began with. */
export function adopt(given) {
  refreshToken = given.refresh_token;
  keep(given);
}

export function signedIn() {
  return token !== null;
}

/** Tells the server that somebody is still there. */
export function renewNow() {
  return accessToken({ rejected: token });
}

/** Goes to the unified identity platform; afterwards the citizen is back on the page that was asked for. */
export function logIn() {
  if (!location.hash.startsWith("#/login")) remember(location.hash);
  location.assign(`/auth/login?channel=${CHANNEL}&return_to=${encodeURIComponent(PAGE)}`);
}

/** Ends the session on every process at once. Resolves to whether that is certain. */
export async function logOut() {
  const bearer = token;
  forget();
  const answer = await post("/auth/logout", bearer).catch(() => null);
  return Boolean(answer && (answer.ok || answer.status === 401)); // 401: it had ended already
}

/** Drops the token, for instance when the server says that the session has ended. */
export function forget() {
  token = null;
  validUntil = 0;
  refreshToken = null;
}

/** The page to show after logging in; given once. */
export function returnTarget() {
  try {
    const hash = sessionStorage.getItem(RETURN_KEY) ?? "";
    sessionStorage.removeItem(RETURN_KEY);
    return hash.startsWith("#/") ? hash : "";
  } catch {
    return ""; // storage may be off in a web view
  }
}

export function remember(hash) {
  try {
    sessionStorage.setItem(RETURN_KEY, hash);
  } catch { /* the citizen then starts at the home page */ }
}

async function renew() {
  let answer;
  try {
    if (CHANNEL === "kiosk" && !refreshToken) throw new LoginNeeded("请先刷身份证。");
    answer = await post("/auth/token", null, refreshToken ? { refresh_token: refreshToken } : {});
  } catch (error) {
    if (error instanceof LoginNeeded) throw error;
    throw new Trouble("网络连接不上，请检查网络后重试。", { code: "NETWORK", retryable: true });
  }
  if (answer.status >= 500 || answer.status === 429) {
    throw new Trouble("服务暂时繁忙，请稍后重试。", { retryable: true });
  }
  const given = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    forget();
    throw new LoginNeeded(given.error?.message ?? "请先登录。");
  }
  if (!answer.ok) throw new Trouble(given.error?.message ?? "登录状态无法确认，请刷新后重试。", { code: given.error?.code });
  if (given.refresh_token) refreshToken = given.refresh_token;
  keep(given);
  return token;
}

function keep(given) {
  token = given.access_token;
  validUntil = Date.now() + Math.max(given.expires_in - RENEW_SECONDS_BEFORE, 5) * 1000;
}

function post(path, bearer, body = {}) {
  const headers = { "Content-Type": "application/json", "X-HPF-Client": CHANNEL };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MILLISECONDS);
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin", signal: stop.signal })
    .finally(() => clearTimeout(timer));
}

function exclusively(work) {
  return navigator.locks ? navigator.locks.request("hpf.renewal", work) : work();
}
