"""证明: certificates applied for, what was issued, and the sealed files."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from channels.employer_portal.visiting import HEADERS, Visit, month_of, page, sent, to
from domain import contributions
from domain.contributions import GivenDocument
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal, Refused

KINDS = {kind: contributions.MATTER_KIND_NAMES[kind] for kind in contributions.CERTIFICATE_TITLES}


async def papers_page(
    visit: Visit, *, problems: tuple[Refusal, ...] = (), typed: dict[str, str] | None = None
) -> Response:
    matters = await contributions.matters_of(actor=visit.actor, employer_no=visit.employer_no)
    month = YearMonth.of(visit.business_date)
    return page(
        "papers.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        typed=typed or {"start": str(month.minus(months=35)), "until": str(month)},
        kinds=KINDS,
        matters=[one for one in matters if one.kind in KINDS],
        papers=await contributions.employer_papers(actor=visit.actor, employer_no=visit.employer_no),
    )


async def apply(visit: Visit) -> Response:
    given = await sent(visit)
    fields = given.fields
    documents = (
        [GivenDocument(kind="bankruptcy_ruling", name=given.file_name, content=given.content)] if given.content else []
    )
    try:
        await contributions.apply_for_certificate(
            actor=visit.actor,
            employer_no=visit.employer_no,
            kind=fields.get("kind", ""),
            start=month_of(fields.get("start")),
            until=month_of(fields.get("until")),
            purpose=fields.get("purpose", ""),
            documents=documents,
            request_key=fields.get("request_key", ""),
            now=visit.now,
            business_date=visit.business_date,
        )
    except Refused as refused:
        return await papers_page(visit, problems=refused.refusals, typed=fields)
    return to("/papers")


async def download(visit: Visit) -> Response:
    paper_no = str(visit.request.path_params["paper_no"])
    content = await contributions.employer_paper(
        actor=visit.actor, employer_no=visit.employer_no, paper_no=paper_no, now=visit.now
    )
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper_no)}.pdf"}
    return Response(content, media_type="application/pdf", headers=headers)


DOORS = (
    ("/papers", papers_page, "GET"),
    ("/papers", apply, "POST"),
    ("/papers/{paper_no}.pdf", download, "GET"),
)
