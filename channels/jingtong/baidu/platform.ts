// 百度小程序: what this platform calls its own.

import type { Platform } from "../client/mini.ts";

interface Answer {
  readonly statusCode: number;
  readonly data: unknown;
}

declare const swan: {
  getLoginCode(asked: { success(answer: { readonly code: string }): void; fail(error: unknown): void }): void;
  subscribeService(asked: {
    templateIds: ReadonlyArray<string>;
    subscribeId: string;
    success(answer: Readonly<Record<string, string>>): void;
    fail(error: unknown): void;
  }): void;
  request(asked: {
    url: string;
    method: "GET" | "POST";
    header: Readonly<Record<string, string>>;
    data: string;
    dataType: "json";
    success(answer: Answer): void;
    fail(error: unknown): void;
  }): void;
};

export const platform: Platform = {
  channel: "jingtong_baidu",

  code: () =>
    new Promise((resolve, reject) => {
      swan.getLoginCode({ success: ({ code }) => resolve(code), fail: reject });
    }),

  askNotices: (templates) =>
    Promise.all(templates.map((one) => new Promise<[string, "accept" | "reject"]>((resolve, reject) => {
      swan.subscribeService({
        templateIds: [one],
        // by this name the service sends it
        subscribeId: `hpf-${one}`,
        success: (answer) => resolve([one, answer[one] === "accept" ? "accept" : "reject"]),
        fail: reject,
      });
    }))).then((chosen) => Object.fromEntries(chosen)),

  request: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      swan.request({
        url,
        method,
        header: headers,
        data: body,
        dataType: "json",
        success: ({ statusCode, data }) => resolve({ status: statusCode, body: data ?? null }),
        fail: reject,
      });
    }),
};
