// Who read my record, and whom I let act for me: given here, taken back here.

import * as api from "../api.js";
import { DELEGATIONS, GIVE_DELEGATION, RECORD_ACCESSES, REVOKE_DELEGATION } from "../documents.js";
import { date, dateTime } from "../format.js";
import { button, confirmed, el, empty, fill, icon, section, sentence, toast } from "../ui.js";
import { connectionList } from "./parts.js";

const PAGE = 20;
const DAYS = 90;

export async function showPrivacy(main) {
  const [{ recordAccesses }, standing] = await Promise.all([
    api.query(RECORD_ACCESSES, { first: PAGE, after: null }),
    api.query(DELEGATIONS),
  ]);
  const delegations = el("div");
  drawDelegations(delegations, standing);
  fill(
    main,
    el("h1", { class: "page-title", text: "谁看过我的信息" }),
    el("p", { class: "quiet", text: `共${recordAccesses.totalCount}次查阅。您本人的查询不在其中；依法调查期间的查阅，将在期满后展示。` }),
    connectionList({
      connection: recordAccesses,
      more: async (after) => (await api.query(RECORD_ACCESSES, { first: PAGE, after })).recordAccesses,
      row: accessRow,
      nothing: empty("还没有人查阅过您的信息", "工作人员或您委托的第三方查阅时，会记录在这里。"),
    }),
    delegations,
  );
}

function accessRow(access) {
  return el("li", { class: "row" },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: `${access.reader} · ${access.purpose}` }),
      el("span", { class: "quiet small", text: access.what.join("；") }),
      el("span", { class: "quiet small", text: `${dateTime(access.at)} · ${access.channelName}${access.caseNo ? ` · 办件${access.caseNo}` : ""}` })));
}

function drawDelegations(place, { delegations, delegationOffers }) {
  const again = async () => drawDelegations(place, await api.query(DELEGATIONS));
  const standing = delegations.filter(({ revokedAt, endsAt }) => !revokedAt && new Date(endsAt) > new Date());
  fill(
    place,
    section("我的委托", standing.length
      ? el("ul", { class: "rows" }, standing.map((one) => delegationRow(one, again)))
      : el("ul", { class: "rows" }, el("li", { class: "row" }, el("span", { class: "quiet", text: "您没有委托任何第三方。" })))),
    delegationOffers.length > 0 && section("可以委托", el("ul", { class: "rows" },
      delegationOffers.map((offer) => offerRow(offer, again)))),
  );
}

function delegationRow(one, again) {
  const saying = el("span", { class: "says", role: "alert" });
  const revoke = async () => {
    const yes = await confirmed({
      title: `撤回对${one.partyName}的委托？`, text: "撤回后立即生效，对方不能再代您查询或办理。", yes: "撤回委托",
    });
    if (!yes) return;
    try {
      await api.mutate(REVOKE_DELEGATION, { reference: one.reference });
      toast("委托已撤回");
      await again();
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return el("li", { class: "row" },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: one.partyName }),
      el("span", { class: "quiet small", text: `${one.purposeText} · ${one.mayChange ? "可代为办理" : "仅查询"} · 至${date(lastDay(one.endsAt))}` }),
      el("span", { class: "quiet small", text: `委托编号 ${one.reference}` }), saying),
    button("撤回", revoke, { kind: "quiet" }));
}

function offerRow(offer, again) {
  const saying = el("span", { class: "says", role: "alert" });
  const keys = new api.RequestKeys();
  const give = async () => {
    const yes = await confirmed({
      title: `委托${offer.partyName}？`,
      text: `用途：${offer.purposeText}。对方可以查阅：${offer.reads.join("；")}。期限${DAYS}天，仅查询，可随时撤回。`,
      yes: "同意委托",
    });
    if (!yes) return;
    try {
      const input = { party: offer.party, purpose: offer.purpose, mayChange: false, endsOn: dayIn(DAYS) };
      await api.mutate(GIVE_DELEGATION, input, keys);
      toast("委托已生效");
      await again();
    } catch (error) {
      saying.textContent = sentence(error);
    }
  };
  return el("li", { class: "row" },
    el("span", { class: "row-main" },
      el("span", { class: "row-title", text: offer.partyName }),
      el("span", { class: "quiet small", text: offer.purposeText }), saying),
    button("委托", give, { kind: "secondary" }));
}

/** The last day of something that ends at an instant: the day before, when that is midnight in Beijing. */
function lastDay(text) {
  return beijing(new Date(new Date(text).getTime() - 1000));
}

function dayIn(days) {
  return beijing(new Date(Date.now() + days * 86400000));
}

function beijing(instant) {
  return new Date(instant.getTime() + 8 * 3600000).toISOString().slice(0, 10);
}

/** The way here, on the home page. */
export function privacyLink() {
  return el("a", { class: "more", href: "#/privacy" }, "谁看过我的信息 · 我的委托", icon("next"));
}
