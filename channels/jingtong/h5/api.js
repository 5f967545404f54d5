// The GraphQL client: what any portal needs to talk to /graphql properly.
//
// - Operations go by identifier (`documents.js`): the service runs registered documents, of which it has the text.
// - `query` and `mutate` try again by themselves when the service is briefly unavailable.
// - A mutation carries a `requestKey`. Trying again after a lost answer must use the SAME key: the server then answers
//   what it did the first time instead of doing it again. `RequestKeys` keeps a key until an answer has arrived.
// - Refusals (`userErrors`) are thrown as `Refusal`; everything else that goes wrong is a `Trouble`.
// - `watch` is a subscription by server-sent events (one POST per subscription), with re-connection and polling.

import { LoginNeeded, Refusal, Trouble } from "./errors.js";
import { accessToken, forget } from "./session.js";
import { events } from "./sse.js";

const ENDPOINT = "/graphql";
const STREAM = "/graphql/stream";
const TIMEOUT_MILLISECONDS = 15_000;
const RETRY_AFTER_MILLISECONDS = [400, 1500];
const RECONNECT_AFTER_MILLISECONDS = [1000, 2000, 5000, 10_000];
const POLL_MILLISECONDS = 5000;
const FAILURES_BEFORE_POLLING = 2;

/** One key for one intention: the same operation with the same input keeps its key until `settle`. */
export class RequestKeys {
  #key = null;
  #intention = "";

  keyFor(operation, input) {
    const intention = JSON.stringify([operation, input]);
    if (!this.#key || this.#intention !== intention) {
      this.#key = newKey();
      this.#intention = intention;
    }
    return this.#key;
  }

  settle() {
    this.#key = null;
  }
}

/** Runs a query and resolves to its `data`. Throws Trouble or LoginNeeded. `anyone`: asked without a login. */
export function query(document, variables = {}, { anyone = false } = {}) {
  return persistently(() => run(document, variables, anyone));
}

/**
 * Runs a mutation with one `input` and resolves to its payload. Throws Refusal, Trouble or LoginNeeded.
 * After a Trouble call it again with the same `keys`: as long as the input is the same, so is the request key.
 */
export async function mutate(document, input, keys = new RequestKeys(), { anyone = false } = {}) {
  const requestKey = keys.keyFor(document, input);
  const data = await persistently(() => run(document, { input: { ...input, requestKey } }, anyone));
  const payload = Object.values(data)[0];
  // An answer arrived, a refusal included: the next attempt is a new request. A face check is for this very one.
  if (!payload.userErrors.some(({ stepUp }) => stepUp)) keys.settle();
  const renewal = payload.userErrors.find(({ code }) => code === "login.renew_required");
  if (renewal) {
    forget(); // the way back leads here again
    throw new LoginNeeded(renewal.message);
  }
  if (payload.userErrors.length) throw new Refusal(payload.userErrors);
  return payload;
}

/**
 * Follows a subscription until `stop()`: `onData(data)` for each message, `onMode("live" | "polling" | "off")` when the
 * way of following changes. Without a stream it runs `fallback` = { document, pick } every few seconds.
 */
export function watch({ document, variables, fallback, onData, onMode = () => {}, onError = () => {} }) {
  const stopper = new AbortController();
  const follow = async () => {
    for (let failures = 0; !stopper.signal.aborted;) {
      try {
        const whole = await stream(document, variables, stopper.signal, (data) => {
          failures = 0;
          onMode("live");
          onData(data);
        });
        if (whole) return onMode("off"); // the server says that nothing more will come
        failures += 1;
      } catch (error) {
        if (stopper.signal.aborted) return;
        if (error instanceof LoginNeeded || (error instanceof Trouble && !error.retryable)) {
          onMode("off");
          return onError(error);
        }
        failures += 1;
      }
      if (failures >= FAILURES_BEFORE_POLLING) await poll(fallback, variables, stopper.signal, onData, onMode);
      await sleep(RECONNECT_AFTER_MILLISECONDS[Math.min(failures, RECONNECT_AFTER_MILLISECONDS.length) - 1] ?? 0);
    }
  };
  follow();
  return { stop: () => stopper.abort() };
}

async function persistently(attempt) {
  for (const pause of RETRY_AFTER_MILLISECONDS) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Trouble && error.retryable)) throw error;
      await sleep(pause);
    }
  }
  return attempt();
}

async function poll(fallback, variables, signal, onData, onMode) {
  try {
    const data = await run(fallback.document, variables);
    if (signal.aborted) return;
    onMode("polling");
    onData(fallback.pick(data));
  } catch {
    onMode("off");
  }
  await sleep(POLL_MILLISECONDS);
}

/** Resolves to true when the server completed the subscription, false when the connection just ended. */
async function stream(document, variables, signal, onData) {
  const response = await send(STREAM, { documentId: document, variables }, "text/event-stream", signal);
  if (!response.ok || !(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
    throw await failureOf(response);
  }
  for await (const { event, data } of events(response, signal)) {
    if (event === "complete") return true;
    if (event === "next") onData(dataOf(JSON.parse(data)));
  }
  return false;
}

async function run(document, variables, anyone = false) {
  const stopper = new AbortController();
  const timer = setTimeout(() => stopper.abort(), TIMEOUT_MILLISECONDS);
  try {
    const accept = "application/graphql-response+json, application/json;q=0.9";
    const response = await send(ENDPOINT, { documentId: document, variables }, accept, stopper.signal, anyone);
    const body = await response.json().catch(() => null);
    if (!body) throw await failureOf(response);
    return dataOf(body);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends with a token, unless anyone may ask; a token that is refused is renewed once. */
async function send(path, body, accept, signal, anyone = false) {
  let rejected = null;
  for (;;) {
    let response;
    try {
      const bearer = anyone ? null : await accessToken({ rejected });
      response = await fetch(path, {
        method: "POST",
        headers: {
          "Content-Type": "application/json", Accept: accept, ...(bearer && { Authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify(body),
        credentials: "omit", // the token says who we are; no cookie takes part
        signal,
      });
      if (response.status !== 401) return response;
      if (rejected || anyone) {
        forget();
        throw new LoginNeeded("登录已失效，请重新登录。");
      }
      rejected = bearer;
    } catch (error) {
      if (error instanceof LoginNeeded || error instanceof Trouble) throw error;
      throw new Trouble("网络连接不上，请检查网络后重试。", { code: "NETWORK", retryable: true });
    }
  }
}

function dataOf(body) {
  const [error] = body.errors ?? [];
  if (!error) return body.data;
  const { code = "", retryable = false, reference = "" } = error.extensions ?? {};
  if (code === "UNAUTHENTICATED") {
    forget();
    throw new LoginNeeded(error.message);
  }
  throw new Trouble(error.message, { code, retryable: retryable || code === "TEMPORARILY_UNAVAILABLE", reference });
}

async function failureOf(response) {
  const body = await response.json().catch(() => null);
  const [error] = body?.errors ?? [];
  const busy = response.status >= 500 || response.status === 429 || response.ok;
  const message = error?.message ?? (busy ? "服务暂时繁忙，请稍后重试。" : "服务未能处理本次请求，请稍后重试。");
  const { code, reference } = error?.extensions ?? {};
  return new Trouble(message, { code, retryable: busy, reference });
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sleep(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}
