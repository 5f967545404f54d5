// The three mini-programs' shared half: a session by the platform's code, and the client of the registered documents on
// top of it. What differs between the platforms stands in `../wechat`, `../alipay` and `../baidu`.

import { Client, LoginNeeded, Trouble } from "./client.ts";
import type { Transport } from "./client.ts";

export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a platform has to do for us. */
export interface Platform {
  readonly channel: "jingtong_wechat" | "jingtong_alipay" | "jingtong_baidu";
  /** A fresh code of the platform's own login; good once. */
  code(): Promise<string>;
  /** Sends by POST; `body` of the answer is parsed, null when there is none. Rejects when nothing came back. */
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

const RENEW_MILLISECONDS_BEFORE = 30_000;

/** One for a running mini-program; nothing of it is stored on the phone. */
export class MiniSession {
  readonly client: Client;
  readonly #platform: Platform;
  readonly #base: string;
  readonly #now: () => number;
  #tokens: Tokens | null = null;
  #validUntil = 0;
  #renewal: Promise<string> | null = null;

  /** `base` is the service's address without a final slash. */
  constructor(platform: Platform, base: string, now: () => number = Date.now) {
    this.#platform = platform;
    this.#base = base;
    this.#now = now;
    const transport: Transport = ({ headers, body }) => platform.request({ url: `${base}/graphql`, headers, body });
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

  async #post(path: string, asked: object, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const headers = { "Content-Type": "application/json", ...more };
    const sent = { url: `${this.#base}${path}`, headers, body: JSON.stringify(asked) };
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
