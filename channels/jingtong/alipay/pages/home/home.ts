// The first page: accounts, items and cases. Forms open in the web view of the H5, which is the same service.

import { homeView } from "../../../client/home.ts";
import type { HomeView } from "../../../client/home.ts";
import type { MiniSession } from "../../../client/mini.ts";

interface Shown {
  setData(data: { view: HomeView }): void;
}

interface Tapped {
  readonly currentTarget: { readonly dataset: { readonly page?: string } };
}

declare function Page(page: object): void;
declare function getApp(): { readonly session: MiniSession };
declare const my: { navigateTo(asked: { url: string }): void };

Page({
  data: { view: null },

  async onShow(this: Shown): Promise<void> {
    this.setData({ view: await homeView(getApp().session) });
  },

  open({ currentTarget }: Tapped): void {
    const { page } = currentTarget.dataset;
    if (page) my.navigateTo({ url: `/pages/service/service?page=${encodeURIComponent(page)}` });
  },

  async subscribe(this: Shown): Promise<void> {
    const { session } = getApp();
    const message = await session.subscribe().catch((error: unknown) =>
      error instanceof Error ? error.message : "没有开启通知，请稍后重试。");
    this.setData({ view: { ...(await homeView(session)), message } });
  },

  link(): void {
    my.navigateTo({ url: `/pages/service/service?page=${encodeURIComponent("/h5/#/login")}` });
  },
});
