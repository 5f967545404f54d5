"""Every page of the staff that shows somebody tells them: by the views it shows, and by looking at each page."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from contextlib import aclosing
from dataclasses import dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any

import pytest

import auth
import channels
import domain
import notifications
from backoffice import app, reads
from backoffice.navigation import SECTIONS, permitted
from domain.kernel import database
from tests.backoffice.test_collection_people import _desk
from tests.city import RunningHouse
from tests.factories import people, rent

pytestmark = pytest.mark.requirement("N6")

MASKED = re.compile(r"[\u4e00-\u9fff]\*+|\d{6}\*{4,8}\d{3}[\dX]|1\d\d\*{4}\d{4}")

NOT_OF_ANYBODY = {"/backoffice/sms/templates"}
"""What looks masked there is an example of the text."""


def _views(package: ModuleType) -> dict[str, type]:
    """Every dataclass of the package with a masked field."""
    found = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for name, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if one.__module__ == module.name and is_dataclass(one) and _masked(one):
                found[f"{module.name}.{name}"] = one
    return found


def _masked(view: Any) -> list[str]:
    return [one.name for one in fields(view) if one.name.endswith("_masked") or one.name == "applicant_name"]


def test_every_view_that_shows_a_person_says_who_it_is() -> None:
    views = {
        name: view for package in (auth, channels, domain, notifications) for name, view in _views(package).items()
    }
    without = [
        name
        for name, view in views.items()
        if view.__name__ not in reads.NOBODY and not {one.name for one in fields(view)} & set(reads.REFERENCES)
    ]
    assert not without, f"name the person by {reads.REFERENCES}, or say under NOBODY why not: {without}"
    unsaid = [name for name, view in views.items() if view.__name__ not in reads.NOBODY and not reads.words_of(view)]
    assert not unsaid, f"no words for what these show: {unsaid}"
    assert reads.NOBODY.keys() <= {view.__name__ for view in views.values()}, "nobody is named that does not exist"


def test_a_view_without_a_person_would_be_noticed() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Careless:
        name_masked: str

    Careless.__module__ = "domain.careless"
    assert _masked(Careless) and not {one.name for one in fields(Careless)} & set(reads.REFERENCES)
    shown = reads.Shown()
    shown.take({"rows": [Careless(name_masked="张*")]})
    assert not shown.person_ids


@pytest.mark.parametrize("login", ["zhao.gang", "he.jing"])
async def test_each_page_with_somebody_on_it_keeps_the_read(running: RunningHouse, login: str) -> None:
    await rent.apply(running, "zhang_wei")
    actor = await people.staff(login)
    zhang = (await people.citizen("zhang_wei")).person_id
    told = set()
    desk, _ = await _desk(running, login)
    async with aclosing(desk):
        account = await database.value("SELECT account_no FROM account WHERE person_id = $1 ORDER BY 1", zhang)
        queries = {"/backoffice/collection/people": f"?account_no={account}"}
        for page in app.PAGES:
            if (
                page.method != "GET"
                or "{" in page.path
                or page.path in NOT_OF_ANYBODY
                or not permitted(actor, page.right)
            ):
                continue
            before = await database.value("SELECT count(*) FROM record_access")
            answer = await desk.get(page.path + queries.get(page.path, ""))
            main = answer.text.partition('id="main"')[2]
            if answer.status_code == 200 and MASKED.search(main):
                after = await database.value("SELECT count(*) FROM record_access")
                assert after > before, f"{page.path} shows {MASKED.search(main)} and tells nobody"
                told.add(page.path)
    assert "/backoffice/cases" in told and "/backoffice/collection/people" in told
    purposes = await database.rows("SELECT DISTINCT purpose FROM record_access WHERE person_id = $1", zhang)
    known = {section.name for section in SECTIONS} | {"柜台办理归集业务"}
    assert {row["purpose"] for row in purposes} <= known


async def test_a_page_of_many_asks_once_for_each_way_of_naming(running: RunningHouse) -> None:
    rows = await database.rows("SELECT a.account_no, a.person_id FROM account a JOIN person USING (person_id)")
    shown = reads.Shown(account_nos={row["account_no"] for row in rows}, what={"姓名（脱敏）"})
    actor = await people.staff("li.min")
    given: dict[str, Any] = {"actor": actor, "path": "/backoffice/transfers", "now": running.clock()}
    await reads.record(shown, **given, noted=[rows[0]["person_id"]])
    told = {row["person_id"] for row in await database.rows("SELECT person_id FROM record_access")}
    assert told == {row["person_id"] for row in rows} - {rows[0]["person_id"]}
    await reads.record(shown, **given)
    twice = await database.value("SELECT max(n) FROM (SELECT count(*) AS n FROM record_access GROUP BY person_id) AS x")
    assert twice == 1, "looking again within minutes is one line"
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'person.listed'") == 2
