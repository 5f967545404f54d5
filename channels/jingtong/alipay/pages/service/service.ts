// A page of the H5 in the platform's web view.

declare function Page(page: object): void;
declare function getApp(): { readonly base: string };

Page({
  data: { address: "" },

  onLoad(this: { setData(data: { address: string }): void }, given: { readonly page?: string }): void {
    const page = decodeURIComponent(given.page ?? "");
    // only pages of ours: what another program passes in opens no foreign address
    this.setData({ address: getApp().base + (page.startsWith("/h5/") ? page : "/h5/") });
  },
});
