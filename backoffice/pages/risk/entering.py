"""登记 and 批量登记: proposals for the lists, one person or a file of them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from auth import risk_care
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field
from backoffice.pages.risk.shared import PATH, PROPOSE, show
from domain import risk
from domain.kernel.refusal import Refusal, Refused
from domain.risk import Listing
from domain.risk.refusals import FILE_MALFORMED, LIST_UNKNOWN

NEW, FILE = f"{PATH}/new", f"{PATH}/file"


async def new(desk: Desk) -> Response:
    return _new(desk)


def _new(desk: Desk, refused: Refused | None = None) -> Response:
    return show(desk, "risk_new.html", refused=refused, types=risk.DOCUMENT_TYPES, today=desk.business_date)


async def propose(desk: Desk) -> Response:
    problems: list[Refusal] = []
    from_on = day_field(desk.form, "from_on", problems) or desk.business_date
    until_on = day_field(desk.form, "until_on", problems)
    # the form offers each list with its reasons: bad_record.court
    list_code, _, reason_code = desk.form.get("list", "").partition(".")
    try:
        if problems:
            raise Refused(*problems)
        await risk_care.ask_listing(
            actor=desk.actor,
            listing=Listing(
                list=list_code,
                document_type=desk.form.get("document_type", ""),
                document_no=desk.form.get("document_no", ""),
                name=desk.form.get("name", ""),
                reason_code=reason_code,
                reason=desk.form.get("reason", ""),
                evidence=desk.form.get("evidence", ""),
                from_on=from_on,
                until_on=until_on,
            ),
            reason=desk.form.get("asked_because", ""),
            now=desk.now,
        )
    except Refused as refused:
        return _new(desk, refused)
    return redirect(f"{PATH}?done=asked")


async def file(desk: Desk) -> Response:
    return _file(desk)


def _file(desk: Desk, refused: Refused | None = None, **values: Any) -> Response:
    shown = {"rows": None, "asked": False, **values}
    return show(desk, "risk_file.html", refused=refused, headings=risk.HEADINGS, rows_max=risk.ROWS_MAX, **shown)


async def upload(desk: Desk) -> Response:
    """Judges every row; with 提交 the good ones are asked for by one request. Either way each row is shown."""
    list_code, rows = desk.form.get("list", ""), None
    try:
        if list_code not in risk.lists():
            raise Refused(LIST_UNKNOWN())
        if desk.file is None:
            raise Refused(FILE_MALFORMED(most=risk.ROWS_MAX))
        rows = await risk.judge_file(list_code=list_code, content=desk.file.content, business_date=desk.business_date)
        asked = desk.form.get("step") == "ask"
        if asked:
            await risk_care.ask_file(
                actor=desk.actor,
                list_code=list_code,
                rows=rows,
                file_name=desk.file.name,
                reason=desk.form.get("asked_because", ""),
                now=desk.now,
            )
    except Refused as refused:
        return _file(desk, refused, rows=rows)
    return _file(desk, rows=rows, asked=asked)


PAGES = (
    DeskPage(NEW, PROPOSE, new),
    DeskPage(NEW, PROPOSE, propose, "POST"),
    DeskPage(FILE, PROPOSE, file),
    DeskPage(FILE, PROPOSE, upload, "POST", file_bytes_max=risk.BYTES_MAX),
)
