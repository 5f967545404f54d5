"""名单: all entries by list and state, and one person's by the document, which never stands in an address."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems
from backoffice.desk import Desk, DeskPage
from backoffice.forms import choice_fields, filled, text
from backoffice.pages.risk.shared import PATH, READ, show
from domain import risk
from domain.kernel import audit
from domain.kernel.refusal import Refusal, Refused
from domain.risk import EntryFilters
from domain.risk.refusals import DOCUMENT_MALFORMED

PAGE_SIZE = 20


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, ("list", "state"))
    names = {code: one.name for code, one in risk.lists().items()}
    problems: list[Refusal] = []
    choice_fields(given, {"list": names, "state": risk.STATE_NAMES}, problems)
    if problems:
        raise Refused(*problems)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page = await risk.entries(
        filters=EntryFilters(list=given.get("list"), state=given.get("state")),
        on=desk.business_date,
        first=PAGE_SIZE,
        after=pager.after,
    )
    return show(
        desk,
        "risk.html",
        given=given,
        names=names,
        states=risk.STATE_NAMES,
        types=risk.DOCUMENT_TYPES,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        found=None,
        problems=Problems(),
    )


async def search(desk: Desk) -> Response:
    """One person's entries. Who searched is in the audit trail, whom for is not."""
    document_type = desk.form.get("document_type", "01")
    number = (text(desk.form, "document_no") or "").upper()
    refused: Refused | None = None
    found = []
    if document_type not in risk.DOCUMENT_TYPES or not (number.isascii() and number.isalnum() and len(number) <= 20):
        refused = Refused(DOCUMENT_MALFORMED())
    else:
        found = await risk.entries_of(document=(document_type, number), on=desk.business_date)
        await audit.record(
            None,
            actor=desk.actor,
            action="risk.searched",
            subject="risk:person",
            now=desk.now,
            detail={"count": len(found), "entries": [str(one.entry_id) for one in found]},
        )
    return show(
        desk,
        "risk.html",
        refused=refused,
        given={},
        names={code: one.name for code, one in risk.lists().items()},
        states=risk.STATE_NAMES,
        types=risk.DOCUMENT_TYPES,
        page=None,
        pager=None,
        found=found,
        problems=Problems(),
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/search", READ, search, "POST"))
