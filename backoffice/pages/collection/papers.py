"""证明与执法记录: what the counter does about an employer's certificates (R04.2): applied for, fetched, revoked; and
the records of enforcement that they rest on."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.collection.shared import (
    FILE_BYTES_MAX,
    OPERATE,
    PATH,
    READ,
    employer_asked,
    month_field,
    number_field,
    show,
)
from backoffice.pages.funds.shared import CALM, Trouble, amount_field, needed_day, refuse
from domain import contributions
from domain.contributions import GivenDocument
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal, Refused

HERE = f"{PATH}/papers"
_NOTICES = {
    "applied": "已受理，请由两名工作人员在“待办”中审核。",
    "recorded": "已登记执法记录。",
    "settled": "已登记了结。",
    "revoked": "已撤销，验证页面随即显示撤销。",
}
KINDS = {kind: contributions.MATTER_KIND_NAMES[kind] for kind in contributions.CERTIFICATE_TITLES}


async def papers(desk: Desk) -> Response:
    return await _papers(desk)


async def _papers(desk: Desk, trouble: Trouble = CALM) -> Response:
    employer, found = await employer_asked(desk)
    month = YearMonth.of(desk.business_date)
    where = {"actor": desk.actor, "employer_no": employer.employer_no} if employer else None
    return show(
        desk,
        "collection_papers.html",
        trouble=trouble if trouble is not CALM else found,
        employer=employer,
        kinds=KINDS,
        enforcement_kinds=contributions.ENFORCEMENT_NAMES,
        papers=await contributions.employer_papers(**where) if where else [],  # type: ignore[arg-type]
        enforcements=await contributions.enforcements_of(**where) if where else [],  # type: ignore[arg-type]
        state_names=contributions.EMPLOYER_STATE_NAMES,
        first=month.minus(months=35),
        month=month,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def apply(desk: Desk) -> Response:
    file = desk.file
    try:
        await contributions.apply_for_certificate(
            actor=desk.actor,
            employer_no=number_field(desk, "employer_no"),
            kind=desk.form.get("kind", ""),
            start=month_field(desk, "start"),
            until=month_field(desk, "until"),
            purpose=desk.form.get("purpose", ""),
            documents=[GivenDocument(kind="bankruptcy_ruling", name=file.name, content=file.content)] if file else [],
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "apply", refused)
    return _back(desk, "applied")


async def record(desk: Desk) -> Response:
    problems: list[Refusal] = []
    amount = amount_field(desk.form, "amount", problems)
    decided_on = needed_day(desk.form, "decided_on", problems)
    try:
        refuse(problems)
        await contributions.record_enforcement(
            actor=desk.actor,
            employer_no=number_field(desk, "employer_no"),
            kind=desk.form.get("kind", ""),
            document_no=desk.form.get("document_no", ""),
            matter=desk.form.get("matter", ""),
            decided_on=decided_on,
            amount=amount,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "record", refused)
    return _back(desk, "recorded")


async def settle(desk: Desk) -> Response:
    try:
        await contributions.settle_enforcement(
            actor=desk.actor,
            employer_no=number_field(desk, "employer_no"),
            document_no=desk.form.get("document_no", ""),
            note=desk.form.get("note", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "settle", refused)
    return _back(desk, "settled")


async def revoke(desk: Desk) -> Response:
    try:
        await contributions.revoke_employer_paper(
            actor=desk.actor,
            employer_no=number_field(desk, "employer_no"),
            paper_no=desk.form.get("paper_no", ""),
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _again(desk, "revoke", refused)
    return _back(desk, "revoked")


async def fetch(desk: Desk) -> Response:
    """A form, not a link: each fetch is kept, and the first one seals."""
    paper_no = desk.form.get("paper_no", "")
    content = await contributions.employer_paper(
        actor=desk.actor, employer_no=number_field(desk, "employer_no"), paper_no=paper_no, now=desk.now
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper_no)}.pdf",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/pdf", headers=headers)


def _back(desk: Desk, done: str) -> Response:
    return redirect(f"{HERE}?employer_no={number_field(desk, 'employer_no')}&done={done}")


async def _again(desk: Desk, form: str, refused: Refused) -> Response:
    """The page with what was wrong; a missing right is a page of its own."""
    if any(one.code.startswith("access.") for one in refused.refusals):
        raise refused
    return await _papers(desk, Trouble.of(desk, form, refused))


PAGES = (
    DeskPage(HERE, READ, papers),
    DeskPage(HERE, OPERATE, apply, "POST", FILE_BYTES_MAX),
    DeskPage(f"{HERE}/record", OPERATE, record, "POST"),
    DeskPage(f"{HERE}/settle", OPERATE, settle, "POST"),
    DeskPage(f"{HERE}/revoke", OPERATE, revoke, "POST"),
    DeskPage(f"{HERE}/file", READ, fetch, "POST"),
)
