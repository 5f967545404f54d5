"""The demonstration city with cases in it, everybody who may ask about them, and what they may ask with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from domain import contributions
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.actor import ANONYMOUS, Actor
from domain.kernel.dates import business_date_of
from schema.context import Context
from schema.loaders import Loaders
from schema.types.nodes import global_id
from tests import pristine
from tests.city import RunningHouse
from tests.compiled.generation import Pool
from tests.factories import rent
from tests.factories.people import account_no, card_id, citizen, staff

STAFF = ("li.min", "wang.fang", "zhao.gang", "sun.cai", "zhou.xitong", "wu.anquan", "zheng.shenji", "dong.cheng")


@dataclass
class Stage:
    """`actors` are of every kind; `cases` are zhang_wei's, approved once, and chen_jing's, just submitted."""

    running: RunningHouse
    actors: dict[str, Actor]
    cases: list[CaseView]
    pool: Pool
    _context: Context
    _put_back: Callable[[], Awaitable[object]] | None = None

    def context_for(self, who: str) -> Callable[[], Context]:
        """A context of its own for each run; all of one instant."""
        return lambda: replace(self._context, actor=self.actors[who], loaders=Loaders())

    async def kept(self) -> Callable[[], Awaitable[object]]:
        """What puts every table back as the stage was set up. Kept once: call it before anything has changed."""
        if self._put_back is None:
            self._put_back = await pristine.keep(self.running.settings.database_url)
        return self._put_back


async def set_up(running: RunningHouse) -> Stage:
    """Two cases, one of them approved by the first reviewer, and the callers."""
    first = await rent.apply(running, "zhang_wei")
    await rent.review(running, first, "li.min")
    second = await rent.apply(running, "chen_jing")
    actors = {
        "anonymous": ANONYMOUS,
        "zhang_wei": await citizen("zhang_wei"),
        "chen_jing": await citizen("chen_jing", channel="unknown"),
        "li_na": await citizen("li_na"),
        "password only": await citizen("zhang_wei", assurance="password"),
    }
    actors.update({login: await staff(login) for login in STAFF})
    now = running.clock()
    house = running.house
    context = Context(
        actor=ANONYMOUS,
        now=now,
        business_date=business_date_of(now),
        registries=house.registries,
        person_registries=house.person_registries,
        matters=house.matters,
        live=house.live,
        request_id="differ",
    )
    cases = [await rent.now_at(first), second]
    return Stage(running, actors, cases, await _pool(actors["zhang_wei"], cases), context)


async def _pool(owner: Actor, cases: list[CaseView]) -> Pool:
    account = account_no("zhang_wei")
    page = await contributions.entries_of(actor=owner, account_no=account, first=2, after=None)
    arrangements = await database.rows("SELECT arrangement_id FROM withdrawal_arrangement")
    cards = [global_id("Card", await card_id(key)) for key in ("zhang_wei", "chen_jing", "li_na")]
    ids = [
        *(global_id("Case", case.case_no) for case in cases),
        *cards,
        global_id("Account", account),
        global_id("Entry", f"{account}:{page.items[0].sequence}"),
        *(global_id("RentArrangement", row["arrangement_id"]) for row in arrangements),
        global_id("ServiceItem", "C20"),
        global_id("Case", "20261123C200000000000"),
        global_id("Nothing", "1"),
        "no id",
    ]
    by_name = {
        "cardId": cards,
        "after": [page.cursors[0], "no cursor"],
        "code": ["C20", "rent_withdrawal", "none"],
        "states": ["pending_preliminary", "pending_final", "none"],
        "state": ["pending_preliminary", "pending_final", "none"],
        "requestKey": ["generated-0001", "generated-0002", "bad"],
        "first": [1, 2, 20, 100, 101, 0, -1],
        "grade": [1, 5, 6, 0],
        "on": ["2026-11-23", "2026-11-24"],
        "officeCode": ["0101", "none"],
        "dryRun": [True, False],
        "commitment": [True, True, False],
        "spouseName": ["张三", ""],
        "spouseDocumentNo": ["110101199001011237", "x"],
    }
    return lambda name, kind: by_name.get(name) or (ids if kind == "ID" else [])
