// 微信小程序: what this platform calls its own.

import type { Platform } from "../client/mini.ts";

interface Answer {
  readonly statusCode: number;
  readonly data: unknown;
}

declare const wx: {
  login(asked: { success(answer: { readonly code: string }): void; fail(error: unknown): void }): void;
  requestSubscribeMessage(asked: {
    tmplIds: ReadonlyArray<string>;
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
  channel: "jingtong_wechat",

  code: () =>
    new Promise((resolve, reject) => {
      wx.login({ success: ({ code }) => resolve(code), fail: reject });
    }),

  askNotices: (templates) =>
    new Promise((resolve, reject) => {
      wx.requestSubscribeMessage({
        tmplIds: templates,
        // "ban" and "filter" are no acceptance either
        success: (answer) => resolve(Object.fromEntries(
          templates.map((one) => [one, answer[one] === "accept" ? "accept" : "reject"]))),
        fail: reject,
      });
    }),

  request: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      wx.request({
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
