"""账务核对: proving the books on demand."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage
from domain.kernel import audit

PATH = "/backoffice/books"


async def show(desk: Desk) -> Response:
    return desk.page("books.html", results=None, broken=0)


async def verify(desk: Desk) -> Response:
    """Reads every book, so it is asked for with a button, and who asked is kept."""
    results = await desk.services.verify()
    broken = [result.name for result in results if not result.holds]
    await audit.record(
        None,
        actor=desk.actor,
        action="books.verified",
        subject="books",
        outcome="failed" if broken else "done",
        detail={"invariants": len(results), "broken": broken},
        now=desk.now,
    )
    return desk.page("books.html", results=results, broken=len(broken))


PAGES = (DeskPage(PATH, "books.read", show), DeskPage(PATH, "books.read", verify, "POST"))
