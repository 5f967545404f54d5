"""结账: what stands against a month, closing it, and what a second person decides: reopening (反结账) and reversals."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.books.shared import CLOSE, DISTRIBUTE, PATH, READ, REOPEN, REVERSE, STATES, Chosen, chosen, show
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_PERMITTED
from domain import ledger, settlement
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal, Refused
from domain.ledger import Blocker, BookBlocker, BookRequest

CLOSING = f"{PATH}/closing"
MONTHS = 12
_KINDS = {"reopen": "反结账", "reverse": "冲正", "distribute": "增值收益分配"}
_NOTICES = {
    "closed": "本月已结账，以后的凭证不再记入本月。",
    "asked": "已提交申请，请另一名财务人员复核。",
    "approved": "已同意并执行。",
    "declined": "已退回，账簿没有改变。",
}
# Deciding needs the right to the thing that is decided.
_RIGHTS = {"reopen": REOPEN, "reverse": REVERSE, "distribute": DISTRIBUTE}


async def page(desk: Desk) -> Response:
    return await _show(desk, await chosen(desk))


async def close(desk: Desk) -> Response:
    given = await chosen(desk, desk.form)
    if given.problems:
        raise Refused(*given.problems)

    async def proved(period: YearMonth) -> Sequence[Blocker]:
        results = await desk.services.verify()
        return [
            BookBlocker(kind="invariant", message=f"账务核对“{one.title}”不成立，请先查明。", reference=one.name)
            for one in results
            if not one.holds
        ]

    try:
        await ledger.close_period(
            account_set=given.account_set,
            period=given.period,
            actor=desk.actor,
            now=desk.now,
            checks=[_settlement, proved],
        )
    except Refused as refused:
        return await _show(desk, given, refusals=refused.refusals)
    return redirect(with_query(CLOSING, **given.given, done="closed"))


async def reopen(desk: Desk) -> Response:
    given = await chosen(desk, desk.form)
    reason = desk.form.get("reason", "")
    try:
        if given.problems:
            raise Refused(*given.problems)
        await ledger.request_reopening(
            account_set=given.account_set, period=given.period, reason=reason, actor=desk.actor, now=desk.now
        )
    except Refused as refused:
        return await _show(desk, given, refusals=refused.refusals, reason=reason)
    return redirect(with_query(CLOSING, **given.given, done="asked"))


async def decide(desk: Desk) -> Response:
    """The second person's part. Which right it needs depends on what was asked."""
    request_id, decision = desk.form.get("request_id", ""), desk.form.get("decision", "")
    waiting = {str(one.request_id): one for one in await ledger.open_requests()}
    if decision not in ("approve", "decline") or not request_id.isdigit():
        raise Refused(FORM_MALFORMED)
    asked = waiting.get(request_id)
    if asked is not None and not desk.may(_RIGHTS[asked.kind]):
        raise Refused(PAGE_NOT_PERMITTED)
    try:
        await ledger.decide_request(
            request_id=asked.request_id if asked else 0,
            approve=decision == "approve",
            actor=desk.actor,
            business_date=desk.business_date,
            now=desk.now,
        )
    except Refused as refused:
        return await _show(desk, await chosen(desk), refusals=refused.refusals)
    return redirect(with_query(CLOSING, done="approved" if decision == "approve" else "declined"))


async def _settlement(period: YearMonth) -> Sequence[Blocker]:
    return await settlement.close_blockers(period=period)


async def _show(desk: Desk, given: Chosen, *, refusals: Sequence[Refusal] = (), reason: str = "") -> Response:
    problems = [*given.problems, *refusals]
    state = await ledger.period_state(account_set=given.account_set, period=given.period)
    blockers = (
        []
        if state == "closed"
        else await ledger.close_blockers(account_set=given.account_set, period=given.period, others=[_settlement])
    )
    months = [YearMonth.of(desk.business_date).minus(months=n) for n in range(MONTHS)]
    return show(
        desk,
        "books_closing.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        notice=_NOTICES.get(desk.query.get("done", "")) if not problems else None,
        state=state,
        state_name=STATES[state],
        states=[(m, await ledger.period_state(account_set=given.account_set, period=m)) for m in months],
        state_names=STATES,
        blockers=[one for one in blockers if not one.warning],
        warnings=[one for one in blockers if one.warning],
        requests=[_request(desk, one, given) for one in await ledger.open_requests()],
        closed_through=await ledger.closed_through(),
        may_close=desk.may(CLOSE),
        may_reopen=desk.may(REOPEN),
        reason=reason,
        reason_max=ledger.REASON_MAX,
    )


def _request(desk: Desk, one: BookRequest, given: Chosen) -> dict[str, object]:
    return {
        "one": one,
        "kind": _KINDS[one.kind],
        "set_name": given.sets[one.account_set],
        "own": one.asked_by == desk.actor.reference,
        "may": desk.may(_RIGHTS[one.kind]),
    }


PAGES = (
    DeskPage(CLOSING, READ, page),
    DeskPage(f"{CLOSING}/close", CLOSE, close, "POST"),
    DeskPage(f"{CLOSING}/reopen", REOPEN, reopen, "POST"),
    DeskPage(f"{CLOSING}/decide", READ, decide, "POST"),
)
