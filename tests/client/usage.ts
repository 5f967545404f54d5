// How a portal uses the typed client; compiled by the tests, and run against the service.
// Each line below `@ts-expect-error` is a mistake that the compiler has to find.

import { Client, Refusal, RequestKeys } from "../../channels/jingtong/client/client.ts";
import type { Transport } from "../../channels/jingtong/client/client.ts";
import {
  AccountEntries,
  ApplyForRentWithdrawal,
  CancelCase,
  CaseProgress,
  Home,
  RentWithdrawalForm,
  ServiceItems,
} from "../../channels/jingtong/client/documents.ts";
import type { HomeData, Money } from "../../channels/jingtong/client/documents.ts";

const settings = (globalThis as unknown as { process: { env: Record<string, string> } }).process.env;

const transport: Transport = async ({ headers, body }) => {
  const response = await fetch(`${settings["CLIENT_URL"]}/graphql`, { method: "POST", headers, body });
  return { status: response.status, body: await response.json().catch(() => null) };
};

let made = 0;
const keys = new RequestKeys(() => `usage-${settings["CLIENT_RUN"]}-${(made += 1)}`);
const client = new Client(transport, async () => settings["CLIENT_TOKEN"] ?? null);

function newest(home: HomeData): Money | undefined {
  return home.accounts[0]?.entries.edges[0]?.node.amount;
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error a variable is missing
  await client.query(Home, {});
  // @ts-expect-error a variable of the wrong type
  await client.query(Home, { entries: "10" });
  // @ts-expect-error a variable that is not there
  await client.query(ServiceItems, { entries: 10 });
  // @ts-expect-error no query
  await client.query(ApplyForRentWithdrawal, {});
  // @ts-expect-error no mutation
  await client.mutate(Home, {}, keys);
  // @ts-expect-error a subscription is neither
  await client.query(CaseProgress, { id: "x" });
  // @ts-expect-error the client makes the request key
  await client.mutate(CancelCase, { id: "x", requestKey: "mine-0001" }, keys);
  await client.mutate(
    ApplyForRentWithdrawal,
    // @ts-expect-error a frequency that does not exist
    { frequency: "YEARLY", cardId: "x", autoRenewal: false, commitment: true },
    keys,
  );
  const home = await client.query(Home, { entries: 1 });
  // @ts-expect-error the document does not ask for it
  console.log(home.accounts[0]?.openedOn);
  // @ts-expect-error amounts are texts
  console.log((home.accounts[0]?.balance ?? 0) * 2);
  const { node } = await client.query(AccountEntries, { account: "x", first: 1 });
  // @ts-expect-error what is found may be no account
  console.log(node.entries.edges.length);
}

const items = await new Client(transport, async () => null).query(ServiceItems, {});
const home = await client.query(Home, { entries: 3 });
const form = await client.query(RentWithdrawalForm, { code: "C20" });
const card = form.accounts[0]?.cards[0]?.id ?? "";
const input = { frequency: "MONTHLY", cardId: card, autoRenewal: false, commitment: true } as const;
const applied = await client.mutate(ApplyForRentWithdrawal, input, keys);
let refused: readonly string[] = [];
try {
  await client.mutate(ApplyForRentWithdrawal, { ...input, commitment: false }, keys);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  refused = error.errors.map((each) => each.code);
}
console.log(
  JSON.stringify({ items: items.serviceItems.length, newest: newest(home), state: applied.case?.stateName, refused }),
);
