"""短信概览: what waits, how each carrier stands and why, its last hour as charts, alarms, and switching by two persons.

The page asks the browser to fetch it again for ten minutes at most, so that an unattended session ends."""

from __future__ import annotations

from starlette.responses import Response

from backoffice import charts
from backoffice.components import with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import staff_names
from backoffice.pages.sms.shared import OPERATE, PATH, PHASE_TONES, READ, carrier_name, show
from backoffice.refusals import FORM_MALFORMED
from domain.kernel.refusal import Refused
from notifications import alarms, control, monitoring

REFRESH_SECONDS = 10
REFRESHES_MAX = 60
_NOTICES = {
    "proposed": "已提交，等待另一人复核后执行。",
    "agreed": "已同意，数秒内执行。",
    "declined": "已退回，不执行。",
}


async def overview(desk: Desk) -> Response:
    return await _overview(desk)


async def _overview(desk: Desk, *, refused: Refused | None = None) -> Response:
    found = await monitoring.carriers(now=desk.now)
    orders = await control.open_overrides()
    switches = await monitoring.switches()
    page = show(
        desk,
        "sms_overview.html",
        refused=refused,
        queue=await monitoring.queue(now=desk.now),
        lanes=monitoring.PRIORITY_NAMES,
        holders=await monitoring.holders(now=desk.now),
        carriers=found,
        tones=PHASE_TONES,
        charts=[
            (
                one.carrier,
                charts.columns(
                    name=f"sent-{number}",
                    title=f"{carrier_name(one.carrier)}：近一小时每5分钟提交",
                    counts={label: submitted for label, submitted, _ in one.columns},
                    unit="条",
                ),
                charts.columns(
                    name=f"failed-{number}",
                    title=f"{carrier_name(one.carrier)}：其中失败",
                    counts={label: failed for label, _, failed in one.columns},
                    unit="条",
                )
                if any(failed for _, _, failed in one.columns)
                else None,
            )
            for number, one in enumerate(found)
        ],
        switches=switches,
        alarms=[one for one in await alarms.listed() if one.cleared_at is None],
        orders=orders,
        wanted_names=control.WANTED_NAMES,
        names=await _names({one.proposed_by for one in orders} | {one.caused_by for one in switches}),
        notice=_NOTICES.get(desk.query.get("done", "")),
        refreshed=_refreshed(desk),
        refreshes_max=REFRESHES_MAX,
    )
    if refused is None and (count := _refreshed(desk)) < REFRESHES_MAX:
        page.headers["Refresh"] = f"{REFRESH_SECONDS}; url={with_query(PATH, refreshed=count + 1)}"
    return page


def _refreshed(desk: Desk) -> int:
    given = desk.query.get("refreshed", "0")
    return min(int(given), REFRESHES_MAX) if given.isascii() and given.isdigit() and len(given) < 4 else REFRESHES_MAX


async def _names(references: set[str]) -> dict[str, str]:
    """Names by audit reference; the system is no member of staff."""
    ids = {one: int(one.partition(":")[2]) for one in references if one.startswith("staff:")}
    known = await staff_names(set(ids.values()))
    return {one: "系统" for one in references} | {one: known.get(number, "") for one, number in ids.items()}


async def propose(desk: Desk) -> Response:
    try:
        await control.propose_override(
            actor=desk.actor,
            carrier=desk.form.get("carrier", ""),
            wanted=desk.form.get("wanted", ""),
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _overview(desk, refused=refused)
    return redirect(f"{PATH}?done=proposed")


async def decide(desk: Desk) -> Response:
    given, decision = desk.form.get("override_id", ""), desk.form.get("decision")
    if decision not in ("agree", "decline") or not (given.isascii() and given.isdigit() and len(given) <= 19):
        raise Refused(FORM_MALFORMED)
    agree = decision == "agree"
    try:
        await control.decide_override(actor=desk.actor, override_id=int(given), agree=agree, now=desk.now)
    except Refused as refused:
        return await _overview(desk, refused=refused)
    return redirect(f"{PATH}?done={'agreed' if agree else 'declined'}")


PAGES = (
    DeskPage(PATH, READ, overview),
    DeskPage(f"{PATH}/overrides", OPERATE, propose, "POST"),
    DeskPage(f"{PATH}/overrides/decide", OPERATE, decide, "POST"),
)
