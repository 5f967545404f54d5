"""我的通知: what was sent to a citizen, with a mark of how far it was read; nobody else's, and no one-time codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.kernel import database
from domain.kernel.actor import ANONYMOUS
from domain.kernel.refusal import Refused
from notifications import own
from tests.city import Enter, RunningHouse
from tests.factories import rent
from tests.factories.people import account_no, citizen, staff
from tests.factories.rent import new_key

pytestmark = pytest.mark.requirement("R06.5")
NOTICES = """query ($first: Int!, $after: String) { unreadNotices notices(first: $first, after: $after) {
  totalCount edges { node { id areaName text read } } pageInfo { hasNextPage endCursor } } }"""
READ = """mutation ($input: MarkNoticesReadInput!) { markNoticesRead(input: $input) {
  unread userErrors { code field } } }"""


async def sent(running: RunningHouse, key: str) -> None:
    """Two texts about a withdrawal, and its invitation to evaluate."""
    case = await rent.apply(running, key)
    await rent.review(running, case, "li.min", "refuse", reason_code="other", note="不符合条件")
    await running.settle()


async def test_notices_are_shown_newest_first_and_read_as_far_as_marked(
    running: RunningHouse, citizen_client: Enter
) -> None:
    await sent(running, "zhang_wei")
    await sent(running, "li_na")
    client = await citizen_client("zhang_wei")
    seen = await client.data(NOTICES, {"first": 2, "after": None})
    page = seen["notices"]
    assert (seen["unreadNotices"], page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, 3, True)
    [newest, older] = [edge["node"] for edge in page["edges"]]
    assert {newest["areaName"], older["areaName"]} <= {"提取业务", "服务评价"} and not newest["read"]
    rest = (await client.data(NOTICES, {"first": 2, "after": page["pageInfo"]["endCursor"]}))["notices"]["edges"]
    assert len(rest) == 1 and "受理" in rest[0]["node"]["text"]

    async def mark(notice: str, request_key: str = "") -> Any:
        given = {"input": {"id": notice, "requestKey": request_key or new_key()}}
        return (await client.data(READ, given))["markNoticesRead"]

    assert (await mark(older["id"]))["unread"] == 1
    assert (await mark(newest["id"]))["unread"] == 0
    assert (await mark(older["id"]))["unread"] == 0, "the mark never goes back"
    after = (await client.data(NOTICES, {"first": 9, "after": None}))["notices"]["edges"]
    assert [edge["node"]["read"] for edge in after] == [True, True, True]
    # another's notice, a made-up number and something else's id mark nothing
    theirs = await database.value("SELECT message_id FROM sms_message WHERE account_no = $1", account_no("li_na"))
    await own.mark_read(actor=await citizen("zhang_wei"), message_id=theirs + 10**12, now=running.clock())
    assert await own.unread_notices(actor=await citizen("li_na")) == 3
    wrong = (await mark("Q2FzZTp4"))["userErrors"]
    assert wrong and await own.unread_notices(actor=await citizen("zhang_wei")) == 0
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'notice.read'") == 2


async def test_who_reads_none_and_what_is_none(running: RunningHouse) -> None:
    await sent(running, "zhang_wei")
    actor = await citizen("zhang_wei")
    await database.execute(
        "UPDATE sms_message SET class = 'otp', template = 'person.code' WHERE message_id ="
        " (SELECT max(message_id) FROM sms_message)"
    )
    assert (await own.own_notices(actor=actor, first=9, after=None)).total == 2, "codes are no notices"
    for nobody in (ANONYMOUS, await staff("li.min"), replace(actor, assurance="password")):
        assert await own.unread_notices(actor=nobody) == 0
        with pytest.raises(Refused):
            await own.own_notices(actor=nobody, first=9, after=None)
        with pytest.raises(Refused):
            await own.mark_read(actor=nobody, message_id=1, now=running.clock())
    assert await database.value("SELECT count(*) FROM notice_read") == 0
