// 支付宝小程序: what this platform calls its own.

import type { Platform } from "../client/mini.ts";

interface Answer {
  readonly status: number;
  readonly data: unknown;
}

declare const my: {
  getAuthCode(asked: { scopes: string; success(answer: { readonly authCode: string }): void; fail(error: unknown): void }): void;
  requestSubscribeMessage(asked: {
    entityIds: ReadonlyArray<string>;
    success(answer: { readonly result?: { readonly subscribedEntityIds?: ReadonlyArray<string> } }): void;
    fail(error: unknown): void;
  }): void;
  request(asked: {
    url: string;
    method: "GET" | "POST";
    headers: Readonly<Record<string, string>>;
    data: string;
    dataType: "json";
    success(answer: Answer): void;
    fail(error: unknown): void;
  }): void;
};

export const platform: Platform = {
  channel: "jingtong_alipay",

  code: () =>
    new Promise((resolve, reject) => {
      my.getAuthCode({ scopes: "auth_base", success: ({ authCode }) => resolve(authCode), fail: reject });
    }),

  askNotices: (templates) =>
    new Promise((resolve, reject) => {
      my.requestSubscribeMessage({
        entityIds: templates,
        success: ({ result }) => resolve(Object.fromEntries(
          templates.map((one) => [one, result?.subscribedEntityIds?.includes(one) ? "accept" : "reject"]))),
        fail: reject,
      });
    }),

  request: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      my.request({
        url,
        method,
        headers,
        data: body,
        dataType: "json",
        success: ({ status, data }) => resolve({ status, body: data ?? null }),
        // an HTTP status other than 2xx comes as a failure here, with the answer in it
        fail: (error) => {
          const { status, data } = error as { readonly status?: number; readonly data?: unknown };
          if (typeof status === "number" && status >= 400) resolve({ status, body: data ?? null });
          else reject(error);
        },
      });
    }),
};
