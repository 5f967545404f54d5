"""What a person on a list is told by SMS."""

from __future__ import annotations

import pytest

from domain.kernel import database, vault
from tests.actions.test_listed import answered, appealed
from tests.city import RunningHouse
from tests.factories import listed

pytestmark = pytest.mark.requirement("R02.3")


async def test_who_is_listed_is_told_where_the_list_says_so_and_of_every_answer(running: RunningHouse) -> None:
    for code in ("key_review", "abnormal_behaviour"):
        await listed.put(running, "zhang_wei", code)
    await running.settle()
    assert await texts() == []
    entry_id = await listed.put(running, "zhang_wei")
    gone = await listed.put(running, "li_na")
    # taken off before anybody was told; a person who is not known here is told nothing
    await listed.take_off(running, gone)
    await running.settle()
    (text,) = await texts()
    assert "您有一条不良信息记录" in text and listed.REASON not in text
    appeal = (await appealed(running, "zhang_wei", entry_id)).appeals[0]
    await answered(running, appeal.appeal_id, grant=False)
    await running.settle()
    assert "您对不良信息记录的申诉已答复：申诉不成立，记录维持" in (await texts())[1]


async def texts() -> list[str]:
    rows = await database.rows("SELECT text_cipher FROM sms_message WHERE template LIKE 'risk.%' ORDER BY created_at")
    return [vault.current().decrypt(row["text_cipher"]) for row in rows]
