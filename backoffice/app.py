"""The staff pages as routes, mounted beside the API by `ops.wiring`; they call the domain's same faces."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backoffice import assets
from backoffice.desk import Desk, DeskPage, endpoint
from backoffice.navigation import HOME, SIGNED_IN
from backoffice.pages import (
    approvals,
    archives,
    audit,
    books,
    case,
    catalogue,
    channels,
    city_applications,
    collection,
    dayend,
    delegations,
    enrolment,
    exchange,
    face,
    funds,
    grants,
    home,
    jobs,
    kiosk_prints,
    kiosks,
    login,
    maintenance,
    messages,
    outlets,
    persons,
    policy,
    privacy,
    queue,
    reviews,
    risk,
    sms,
    staff,
    transfers,
    work,
)
from backoffice.refusals import PAGE_NOT_FOUND
from backoffice.services import BackofficeServices
from domain.kernel.refusal import Refused

PAGES: tuple[DeskPage, ...] = (
    *home.PAGES,
    *work.PAGES,
    *queue.PAGES,
    *case.PAGES,
    *maintenance.PAGES,
    *catalogue.PAGES,
    *policy.PAGES,
    *collection.PAGES,
    *city_applications.PAGES,
    *archives.PAGES,
    *transfers.PAGES,
    *exchange.PAGES,
    *funds.PAGES,
    *books.PAGES,
    *dayend.PAGES,
    *sms.PAGES,
    *reviews.PAGES,
    *risk.PAGES,
    *channels.PAGES,
    *messages.PAGES,
    *jobs.PAGES,
    *kiosks.PAGES,
    *kiosk_prints.PAGES,
    *outlets.PAGES,
    *staff.PAGES,
    *face.PAGES,
    *persons.PAGES,
    *approvals.PAGES,
    *grants.PAGES,
    *delegations.PAGES,
    *privacy.PAGES,
    *audit.PAGES,
    *login.PAGES,
)


def routes(*, services: BackofficeServices) -> list[BaseRoute]:
    """Everything below /backoffice. What is not declared here is a page that nobody finds."""
    guarded = [Route(page.path, endpoint(page, services), methods=[page.method]) for page in PAGES]
    nothing = DeskPage("/backoffice/{path:path}", SIGNED_IN, _nothing)
    return [
        Route("/backoffice", _to_home, methods=["GET"]),
        assets.ROUTE,
        *login.routes(services=services),
        *enrolment.routes(services=services),
        *guarded,
        Route(nothing.path, endpoint(nothing, services), methods=["GET", "POST"]),
    ]


async def _to_home(request: Request) -> Response:
    return RedirectResponse(HOME, status_code=308)


async def _nothing(desk: Desk) -> Response:
    raise Refused(PAGE_NOT_FOUND)
