"""委托受理: what an employer has delegated to third parties, a new one taken from its paper, and one ended."""

from __future__ import annotations

from starlette.responses import Response

from auth import grants
from auth.grants.refusals import DELEGATION_END, EMPLOYER_UNKNOWN
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import employer_name
from backoffice.forms import day_field, number_field, text
from backoffice.refusals import FORM_MALFORMED
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/delegations"
RIGHT = "delegations.take"
_NOTICES = {
    "taken": "委托已登记，立即生效。请将委托编号交给单位。",
    "ended": "委托已终止，对方已取得的访问凭证全部立即失效。",
}


async def show(desk: Desk) -> Response:
    return await _page(desk, number=text(desk.query, "employer_no") or "")


async def _page(desk: Desk, *problems: Refusal, number: str, form: str = "") -> Response:
    found = list(problems)
    employer_no = number_field(number) if number else -1
    name = await employer_name(employer_no) if number else None
    if number and name is None and not problems:
        found.append(EMPLOYER_UNKNOWN())
    return desk.page(
        "delegations.html",
        status=422 if found else 200,
        number=number,
        name=name,
        offers=await grants.employer_offers(actor=desk.actor, now=desk.now),
        found=await grants.delegations_of_employer(actor=desk.actor, employer_no=employer_no, now=desk.now)
        if name
        else [],
        problems=Problems.of(found),
        form=form,
        typed=desk.form if problems else {},
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def take(desk: Desk) -> Response:
    number, problems = desk.form.get("employer_no", ""), list[Refusal]()
    party, _, purpose = desk.form.get("offer", "").partition("/")
    if desk.form.get("scope") not in ("read", "change"):
        raise Refused(FORM_MALFORMED)
    ends_on = day_field(desk.form, "endsOn", problems)
    if ends_on is None and not problems:
        problems.append(DELEGATION_END(most="一年之内"))
    if problems or ends_on is None:
        return await _page(desk, *problems, number=number, form="take")
    try:
        await grants.delegate_at_counter(
            actor=desk.actor,
            party=party,
            purpose=purpose,
            may_change=desk.form["scope"] == "change",
            ends_on=ends_on,
            employer_no=number_field(number),
            paper_no=desk.form.get("paper_no", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, *refused.refusals, number=number, form="take")
    return redirect(with_query(PATH, employer_no=number, done="taken"))


async def end(desk: Desk) -> Response:
    number = desk.form.get("employer_no", "")
    try:
        await grants.end_at_counter(
            actor=desk.actor,
            employer_no=number_field(number),
            reference=desk.form.get("reference", ""),
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, *refused.refusals, number=number, form="end")
    return redirect(with_query(PATH, employer_no=number, done="ended"))


PAGES = (
    DeskPage(PATH, RIGHT, show),
    DeskPage(f"{PATH}/take", RIGHT, take, "POST"),
    DeskPage(f"{PATH}/end", RIGHT, end, "POST"),
)
