"""账务核对: proving the books on demand, and the state of the vouchers' hash chain."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage
from backoffice.pages.books.shared import PATH, READ, show
from domain import ledger
from domain.kernel import audit


async def page(desk: Desk) -> Response:
    return show(desk, "books.html", results=None, broken=0, chain=None, head=await ledger.chain_head())


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
    return show(desk, "books.html", results=results, broken=len(broken), chain=None, head=await ledger.chain_head())


async def verify_chain(desk: Desk) -> Response:
    """From the first voucher on; with very many it is done at night by `./dev verify --chain`."""
    chain = await ledger.verify_chain()
    await audit.record(
        None,
        actor=desk.actor,
        action="books.chain_verified",
        subject="books",
        outcome="done" if chain.holds else "failed",
        detail={"vouchers": chain.checked, "link": chain.link},
        now=desk.now,
    )
    return show(desk, "books.html", results=None, broken=0, chain=chain, head=await ledger.chain_head())


PAGES = (
    DeskPage(PATH, READ, page),
    DeskPage(PATH, READ, verify, "POST"),
    DeskPage(f"{PATH}/chain", READ, verify_chain, "POST"),
)
