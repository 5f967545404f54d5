// What the first page of each mini-program shows, made once for the three.

import { Home } from "./documents.ts";
import { LoginNeeded } from "./client.ts";
import { NotLinked } from "./mini.ts";
import type { MiniSession } from "./mini.ts";

/** The 15 items of 京通 by their codes (unverified, as the catalogue says). */
export const JINGTONG_ITEMS: ReadonlyArray<string> = [
  "C13", "C14", "C15", "C16", "C17", "C18", "C20", "C22", "C24", "L01", "L02", "L03", "L04", "L06", "L08",
];

export interface HomeView {
  readonly state: "ready" | "link" | "trouble";
  readonly message: string;
  readonly name: string;
  readonly accounts: ReadonlyArray<{ readonly title: string; readonly balance: string }>;
  /** `page` is below the H5, which has the form; items that are not open have none. */
  readonly items: ReadonlyArray<{ readonly code: string; readonly name: string; readonly page: string }>;
  readonly cases: ReadonlyArray<{ readonly title: string; readonly state: string; readonly page: string }>;
}

const EMPTY: HomeView = { state: "ready", message: "", name: "", accounts: [], items: [], cases: [] };

/** Never rejects: trouble is a view with a sentence for people. */
export async function homeView(session: MiniSession): Promise<HomeView> {
  try {
    const { viewer, accounts, cases, serviceItems } = await session.client.query(Home, { entries: 1 });
    const ours = new Set(JINGTONG_ITEMS);
    return {
      ...EMPTY,
      name: viewer.person?.nameMasked ?? "",
      accounts: accounts.map(({ employerName, balance }) => ({ title: employerName ?? "", balance })),
      items: serviceItems
        .filter(({ code }) => ours.has(code))
        .map(({ code, name, open }) => ({ code, name, page: open ? `/h5/#/apply/${code}` : "" })),
      cases: cases.edges.map(({ node }) => ({
        title: node.itemName, state: node.stateName, page: `/h5/#/case/${node.id}`,
      })),
    };
  } catch (error) {
    if (error instanceof NotLinked || error instanceof LoginNeeded) {
      return { ...EMPTY, state: "link", message: error.message };
    }
    return { ...EMPTY, state: "trouble", message: error instanceof Error ? error.message : "请稍后重试。" };
  }
}
