"""待办: what waits by department and step, payments reviewed many at a time, and deputies of absent reviewers."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.components import Pager, Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field, new_request_key, number_field, text
from backoffice.refusals import DATE_MALFORMED, DECISION_MISSING
from domain import cases
from domain.cases import BATCH_MAX, BatchResult, QueueFilters
from domain.kernel.money import total
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/work"
PAYMENTS, DEPUTIES = f"{PATH}/payments", f"{PATH}/deputies"
RIGHT = "case.claim"
APPOINT = "case.release_lock"
TABS = (("待办", PATH), ("付款复核", PAYMENTS), ("审核代理", DEPUTIES))
_DECISIONS = {"approve": "同意支付", "return": "退回复审", "refuse": "不予支付"}
_NOTICES = {"appointed": "已指定代理人。", "ended": "代理已结束。"}
_STATES = {"running": ("代理中", "good"), "ahead": ("未开始", "waiting"), "over": ("已结束", "quiet")}


def _show(desk: Desk, template: str, *, refused: Refused | None = None, **values: Any) -> Response:
    return desk.page(
        template,
        status=422 if refused else 200,
        tabs=TABS,
        trouble=Problems.of(refused.refusals) if refused else Problems(),
        typed=desk.form,
        notice=_NOTICES.get(desk.query.get("done", "")),
        **values,
    )


async def work(desk: Desk) -> Response:
    lines = await cases.work_list(actor=desk.actor, now=desk.now)
    departments: dict[str, list[cases.WorkLine]] = {}
    for line in lines:
        departments.setdefault(line.office_code, []).append(line)
    mine = [line for line in lines if line.mine]
    return _show(
        desk,
        "work.html",
        departments=departments,
        mine=sum(line.waiting for line in mine),
        mine_amount=total([line.amount for line in mine]),
        late=sum(line.escalated for line in mine),
    )


async def payments(desk: Desk) -> Response:
    return await _payments(desk)


async def _payments(
    desk: Desk, *, refused: Refused | None = None, results: list[BatchResult] | None = None
) -> Response:
    pager = Pager.read(path=PAYMENTS, query={}, pages=desk.query.get("pages"))
    page = await cases.review_queue(
        actor=desk.actor,
        filters=QueueFilters(state="pending_payment_review"),
        first=BATCH_MAX,
        after=pager.after,
        now=desk.now,
    )
    may = {}
    for case in page.items:
        actions = await cases.allowed_actions(case=case, actor=desk.actor, now=desk.now)
        may[case.case_no] = "claim" in actions or "approve" in actions
    return _show(
        desk,
        "work_payments.html",
        refused=refused,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        may=may,
        reviewed=await cases.reviewed(cases=page.items),
        decisions=_DECISIONS,
        reasons=cases.REFUSAL_REASONS,
        results=results,
        request_key=new_request_key(),
        batch_max=BATCH_MAX,
    )


async def decide(desk: Desk) -> Response:
    """Each chosen case by itself; the answer shows what became of each."""
    decision = text(desk.form, "decision")
    chosen = [name.removeprefix("case_") for name in desk.form if name.startswith("case_")]
    try:
        if decision not in _DECISIONS:
            raise Refused(DECISION_MISSING)
        approving = decision == "approve"
        results = await cases.decide_many(
            actor=desk.actor,
            case_nos=chosen,
            decision=decision,
            reason_code=None if approving else text(desk.form, "reason_code"),
            note=None if approving else text(desk.form, "note"),
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
            matters=desk.services.matters,
        )
    except Refused as refused:
        return await _payments(desk, refused=refused)
    return await _payments(desk, results=results)


async def deputies(desk: Desk) -> Response:
    return await _deputies(desk)


async def _deputies(desk: Desk, refused: Refused | None = None) -> Response:
    return _show(
        desk,
        "work_deputies.html",
        refused=refused,
        deputies=await cases.deputies(on=desk.business_date),
        states=_STATES,
        may_appoint=desk.may(APPOINT),
    )


async def appoint(desk: Desk) -> Response:
    problems: list[Refusal] = []
    days = {name: day_field(desk.form, name, problems) for name in ("from_on", "until_on")}
    missing = [name for name, day in days.items() if day is None and not text(desk.form, name)]
    problems += [Refusal(DATE_MALFORMED.code, DATE_MALFORMED.message, name) for name in missing]
    try:
        if problems:
            raise Refused(*problems)
        assert days["from_on"] is not None and days["until_on"] is not None
        await cases.appoint_deputy(
            actor=desk.actor,
            absent=desk.form.get("absent", ""),
            deputy=desk.form.get("deputy", ""),
            from_on=days["from_on"],
            until_on=days["until_on"],
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _deputies(desk, refused)
    return redirect(f"{DEPUTIES}?done=appointed")


async def end(desk: Desk) -> Response:
    try:
        await cases.end_deputy(actor=desk.actor, deputy_no=number_field(desk.form.get("deputy_no", "")), now=desk.now)
    except Refused as refused:
        return await _deputies(desk, refused)
    return redirect(f"{DEPUTIES}?done=ended")


PAGES = (
    DeskPage(PATH, RIGHT, work),
    DeskPage(PAYMENTS, RIGHT, payments),
    DeskPage(PAYMENTS, RIGHT, decide, "POST"),
    DeskPage(DEPUTIES, RIGHT, deputies),
    DeskPage(DEPUTIES, APPOINT, appoint, "POST"),
    DeskPage(f"{DEPUTIES}/end", APPOINT, end, "POST"),
)
