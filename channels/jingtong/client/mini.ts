// The three mini-programs' shared half: a session by the platform's code, and the client of the registered documents on
// top of it. What differs between the platforms stands in `../wechat`, `../alipay` and `../baidu`.

import { Client, LoginNeeded, RequestKeys, Trouble } from "./client.ts";
import type { Transport } from "./client.ts";

export interface Sent {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** By the platform's template. */
export type Choices = Readonly<Record<string, "accept" | "reject">>;

/** What a platform has to do for us. */
export interface Platform {
  readonly channel: "jingtong_wechat" | "jingtong_alipay" | "jingtong_baidu";
  /** A fresh code of the platform's own login; good once. */
  code(): Promise<string>;
  /** The platform's own dialog for notices, from a tap of the person; the choice by template. */
  askNotices(templates: ReadonlyArray<string>): Promise<Choices>;
  /** `body` of the answer is parsed, null when there is none. Rejects when nothing came back. */
  request(sent: Sent): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** The account of this phone is nobody's yet: the person logs in with the real name first, on the page of the web view. */
export class NotLinked extends LoginNeeded {
  readonly code = "login.identity_unlinked";
}

interface Tokens {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
}

const NOTICES = "/auth/mini/notices";
const RENEW_MILLISECONDS_BEFORE = 30_000;

/** One for a running mini-program; nothing of it is stored on the phone. */
export class MiniSession {
  readonly client: Client;
  readonly #platform: Platform;
  readonly #base: string;
  readonly #now: () => number;
  // only told apart from the same person's other requests
  readonly #keys = new RequestKeys(() => `n${Date.now().toString(36)}${Math.random().toString(36).slice(2, 12)}`);
  #tokens: Tokens | null = null;
  #validUntil = 0;
  #renewal: Promise<string> | null = null;

  /** `base` is the service's address without a final slash. */
  constructor(platform: Platform, base: string, now: () => number = Date.now) {
    this.#platform = platform;
    this.#base = base;
    this.#now = now;
    const transport: Transport = ({ headers, body }) => platform.request({ method: "POST", url: `${base}/graphql`, headers, body });
    this.client = new Client(transport, () => this.bearer());
  }

  /** The access token of the moment; logs in with the platform's code when there is none. Throws NotLinked or Trouble. */
  async bearer(): Promise<string> {
    if (this.#tokens !== null && this.#now() < this.#validUntil) return this.#tokens.access_token;
    // a refresh token works once: whoever asks meanwhile waits for the same renewal
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Ties the account of this phone to the person of a login with the real name, then logs in. */
  async link(realNameToken: string): Promise<void> {
    const code = await this.#platform.code();
    const asked = { channel: this.#platform.channel, code };
    await this.#post("/auth/mini/link", asked, { Authorization: `Bearer ${realNameToken}` });
    await this.bearer();
  }

  /**
   * Asks for the notices that have no acceptance left, each good for one notice. Call it from a tap. Returns what to tell
   * the person.
   */
  async subscribe(): Promise<string> {
    const { notices } = (await this.#call("GET", NOTICES, null, await this.#authorized())) as {
      readonly notices: ReadonlyArray<{ readonly template: string; readonly remaining: number }>;
    };
    const wanted = notices.filter(({ remaining }) => remaining === 0).map(({ template }) => template);
    if (!wanted.length) return "已开启通知，下一次办件进展会在这里告诉您。";
    const choices = await this.#platform.askNotices(wanted);
    const requestKey = this.#keys.keyFor("notices", choices);
    await this.#post(NOTICES, { choices, requestKey }, await this.#authorized());
    this.#keys.settle();
    return Object.values(choices).includes("accept")
      ? "已开启通知，下一次办件进展会在这里告诉您。"
      : "没有开启通知，办件进展仍会以短信告诉您。";
  }

  /** What the platform's button for the phone number gave becomes a number and the code that `changeMobile` takes. */
  async phone(given: string): Promise<{ readonly mobile: string; readonly code: string }> {
    const told = await this.#post("/auth/mini/phone", { given }, await this.#authorized());
    return told as { readonly mobile: string; readonly code: string };
  }

  async logOut(): Promise<void> {
    const tokens = this.#tokens;
    this.#tokens = null;
    if (tokens !== null) await this.#post("/auth/logout", { refresh_token: tokens.refresh_token });
  }

  async #renew(): Promise<string> {
    const earlier = this.#tokens;
    this.#tokens = null;
    if (earlier !== null) {
      try {
        return this.#keep(await this.#post("/auth/token", { refresh_token: earlier.refresh_token }));
      } catch (error) {
        if (!(error instanceof LoginNeeded)) throw error; // ended: the platform's code opens another
      }
    }
    const code = await this.#platform.code();
    return this.#keep(await this.#post("/auth/mini/login", { channel: this.#platform.channel, code }));
  }

  #keep(given: unknown): string {
    const tokens = given as Tokens;
    this.#tokens = tokens;
    this.#validUntil = this.#now() + tokens.expires_in * 1000 - RENEW_MILLISECONDS_BEFORE;
    return tokens.access_token;
  }

  async #authorized(): Promise<Readonly<Record<string, string>>> {
    return { Authorization: `Bearer ${await this.bearer()}` };
  }

  #post(path: string, asked: object, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.#call("POST", path, asked, more);
  }

  async #call(
    method: "GET" | "POST", path: string, asked: object | null, more: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    const headers = { "Content-Type": "application/json", ...more };
    const sent = { method, url: `${this.#base}${path}`, headers, body: asked === null ? "" : JSON.stringify(asked) };
    const { status, body } = await this.#platform.request(sent).catch(() => {
      throw new Trouble("网络连接不上，请检查网络后重试。", { code: "NETWORK", retryable: true });
    });
    if (status >= 200 && status < 300) return body;
    const error = (body as { readonly error?: { readonly code: string; readonly message: string } } | null)?.error;
    const message = error?.message ?? "服务暂时繁忙，请稍后重试。";
    if (error?.code === "login.identity_unlinked") throw new NotLinked(message);
    if (status === 401) throw new LoginNeeded(message);
    throw new Trouble(message, { code: error?.code ?? "", retryable: status >= 500 || status === 429 });
  }
}
