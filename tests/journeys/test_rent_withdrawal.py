"""The whole story of a rent withdrawal, over public HTTP only: the citizen by GraphQL, staff by the back office's own
forms, the worker's steps taken by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from domain.cases import CASE_CHANGED
from domain.kernel import database
from domain.kernel.money import Money
from ops import worker
from ops.demo.desk import Desk, said
from tests.api.operations import APPLY, CANCEL, CASE, EVALUATE, PROGRESS, QUOTE, rent_input
from tests.city import SEED, ApiClient, Enter, RunningHouse
from tests.factories import rent
from tests.factories.interest import passbook_of
from tests.factories.people import account_no
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.journey

HOME = """query { viewer { person { nameMasked cards { id }
  accounts { accountNo balance held available } } } }"""


@asynccontextmanager
async def at_desk(running: RunningHouse, login: str) -> AsyncIterator[Desk]:
    async with Desk(base_url=running.base_url, login=login, seed=SEED) as desk:
        yield desk


async def account_of(api: ApiClient) -> dict[str, str]:
    found: dict[str, str] = (await api.data(HOME))["viewer"]["person"]["accounts"][0]
    return found


async def applied(api: ApiClient, **changes: Any) -> dict[str, Any]:
    """The case that the citizen's application opened."""
    card = (await api.data(HOME))["viewer"]["person"]["cards"][0]["id"]
    given = rent_input(card, frequency="QUARTERLY", requestKey=rent.new_key(), **changes)
    payload = (await api.data(APPLY, {"input": given}))["applyForRentWithdrawal"]
    assert payload["userErrors"] == []
    case: dict[str, Any] = payload["case"]
    return case


async def mutate(api: ApiClient, document: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation about a case."""
    answer = await api.data(document, {"input": {**given, "requestKey": rent.new_key()}})
    payload: dict[str, Any] = next(iter(answer.values()))
    return payload


async def case_of(api: ApiClient, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.data(CASE, {"id": case["id"]}))["case"]
    return found


async def decided(running: RunningHouse, login: str, case: dict[str, Any], decision: str, **fields: str) -> str:
    """Claims and decides by the forms; what the page says after it."""
    async with at_desk(running, login) as desk:
        await desk.claim(case["caseNo"])
        answer = await desk.decide(case["caseNo"], decision, **fields)
        assert answer.status_code == 200, said(answer.text)
        return said(answer.text)


@pytest.mark.requirement("R06.2")
async def test_from_login_to_payment_text_and_evaluation(running: RunningHouse, citizen_client: Enter) -> None:
    api = await citizen_client("zhang_wei")
    before = await account_of(api)
    card = (await api.data(HOME))["viewer"]["person"]["cards"][0]["id"]
    async with nothing_changed():
        quoted = (await api.data(QUOTE, {"input": rent_input(card, frequency="QUARTERLY")}))["quoteRentWithdrawal"]
    assert (quoted["userErrors"], quoted["quote"]["amount"]) == ([], "6000.00")

    case = await applied(api, autoRenewal=True)
    held, opening = await account_of(api), passbook_of("zhang_wei").balance
    left = str(opening - Money.yuan(6000))
    assert (held["balance"], held["held"], held["available"]) == (str(opening), "6000.00", left)

    async with at_desk(running, "li.min") as desk:
        page = await desk.read(case["caseNo"])
        assert "张伟" not in page and "110105199103151017" not in page, "masked until asked for with a reason"
    await decided(running, "li.min", case, "approve")
    await decided(running, "wang.fang", case, "approve")
    await running.settle()

    done = await case_of(api, case)
    assert (done["state"], done["payment"]["state"], done["payment"]["amount"]) == (
        "completed",
        "confirmed",
        "6000.00",
    )
    assert [event["action"] for event in done["history"]] == [
        "submit",
        "preliminary_approve",
        "final_approve",
        "send_payment",
        "payment_confirmed",
    ]
    after = await account_of(api)
    assert (before["balance"], after["balance"], after["held"]) == (str(opening), left, "0.00")

    evaluated = await mutate(api, EVALUATE, id=case["id"], grade=5, comment="办理很快")
    assert (evaluated["userErrors"], evaluated["case"]["evaluation"]) == ([], 5)
    await running.settle()
    assert case["caseNo"] in str(await running.simulated("evaluation/reports", case=case["caseNo"]))
    taken = await running.simulated("sms/messages")
    texts = [row["text"] for row in taken if case["caseNo"] in row["text"]]
    assert len(texts) == 3 and all(text.startswith("【北京公积金】") for text in texts)
    await rent.assert_books_hold()


@pytest.mark.requirement("R06.6")
async def test_a_bad_review_of_a_refused_case_is_reported(running: RunningHouse, citizen_client: Enter) -> None:
    api = await citizen_client("zhang_wei")
    case = await applied(api)
    await decided(running, "li.min", case, "refuse", reason_code="identity_unclear", note="证件信息与登记不一致")
    await running.settle()
    ended = await case_of(api, case)
    assert ended["state"] == "refused"
    assert (await account_of(api))["held"] == "0.00"

    bad = await mutate(api, EVALUATE, id=case["id"], grade=1, comment="没有说清原因", tags=["unclear"])
    assert bad["userErrors"] == []
    again = await mutate(api, EVALUATE, id=case["id"], grade=5)
    assert [error["code"] for error in again["userErrors"]] == ["evaluation.given_already"]
    await running.settle()
    reported = str(await running.simulated("evaluation/reports", case=case["caseNo"]))
    assert "没有说清原因" in reported and "110105199103151017" not in reported


async def test_a_bank_that_does_not_know_the_card(running: RunningHouse, citizen_client: Enter) -> None:
    api = await citizen_client("zhou_jie")
    case = await applied(api)
    before = await account_of(api)
    await decided(running, "li.min", case, "approve")
    await decided(running, "wang.fang", case, "approve")
    await running.settle()
    ended = await case_of(api, case)
    assert (ended["state"], ended["payment"]["state"]) == ("payment_failed", "rejected")
    after = await account_of(api)
    assert (after["balance"], after["held"]) == (before["balance"], "0.00")
    assert (await applied(api))["caseNo"] != case["caseNo"], "may apply again"


async def test_who_owns_a_home_is_told_so_and_nothing_happens(running: RunningHouse, citizen_client: Enter) -> None:
    api = await citizen_client("wang_qiang")
    card = (await api.data(HOME))["viewer"]["person"]["cards"][0]["id"]
    given = rent_input(card, requestKey=rent.new_key())
    async with nothing_changed():
        payload = (await api.data(APPLY, {"input": given}))["applyForRentWithdrawal"]
    assert payload["case"] is None
    assert [error["code"] for error in payload["userErrors"]] == ["withdrawal.home_owned"]


async def test_nobody_cancels_another_persons_case(running: RunningHouse, citizen_client: Enter) -> None:
    case = await applied(await citizen_client("zhang_wei"))
    stranger = await citizen_client("li_na")
    async with nothing_changed():
        refused = await mutate(stranger, CANCEL, id=case["id"])
    assert [error["code"] for error in refused["userErrors"]] == ["case.not_found"]


async def test_the_desk_refuses_what_the_domain_refuses(running: RunningHouse, citizen_client: Enter) -> None:
    case = await applied(await citizen_client("chen_jing"))
    async with at_desk(running, "li.min") as desk:
        await desk.claim(case["caseNo"])
        async with nothing_changed():
            answer = await desk.decide(case["caseNo"], "approve")
        assert "初审的原因" in answer.text
        async with nothing_changed():
            answer = await desk.decide(case["caseNo"], "refuse")
        assert "说明" in said(answer.text)


# --- live progress


class Watcher:
    """Follows a case by server-sent events and keeps each state it is shown."""

    def __init__(self, api: ApiClient, case_id: str) -> None:
        self._api, self._case_id = api, case_id
        self.states: list[str] = []
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        headers = {"Authorization": f"Bearer {self._api.token}", "Accept": "text/event-stream"}
        body = {"query": PROGRESS, "variables": {"id": self._case_id}}
        async with (
            httpx.AsyncClient(base_url=self._api.base_url, trust_env=False, timeout=30) as http,
            http.stream("POST", "/graphql/stream", json=body, headers=headers) as stream,
        ):
            async for line in stream.aiter_lines():
                if not line.startswith("data:") or not line[5:].strip():
                    continue
                state = json.loads(line[5:])["data"]["caseProgress"]["state"]
                async with self._news:
                    if self.states[-1:] != [state]:
                        self.states.append(state)
                    self._news.notify_all()

    async def sees(self, state: str) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self.states[-1:] == [state])


async def test_whoever_watches_sees_each_state(running: RunningHouse, citizen_client: Enter) -> None:
    api = await citizen_client("zhang_wei")
    case = await applied(api)
    watcher = Watcher(api, case["id"])
    await running.fault(simulator="bank", operation="pay", mode="confirm_later", times=1, detail={"queries": 1})
    following = asyncio.create_task(watcher.follow())
    try:
        await watcher.sees("pending_preliminary")
        await decided(running, "li.min", case, "approve")
        await _deliver_one_by_one(running, watcher)
        await watcher.sees("pending_final")
        await decided(running, "wang.fang", case, "approve")
        await _deliver_one_by_one(running, watcher)
        await watcher.sees("paying")
        running.clock.advance(seconds=30)
        await running.settle()
        await watcher.sees("completed")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert watcher.states == ["pending_preliminary", "pending_final", "pending_payment", "paying", "completed"]


async def _deliver_one_by_one(running: RunningHouse, watcher: Watcher) -> None:
    """News of the case first, and time to look, so that no state passes between two looks."""
    while await worker.relay_once(running.house):
        rows = await database.rows("DELETE FROM pgqueuer RETURNING payload")
        events = [worker._unpacked(row["payload"]) for row in rows]
        for event in sorted(events, key=lambda event: event.kind != CASE_CHANGED):
            await worker.deliver(running.house, event, running.clock())
            if event.kind == CASE_CHANGED:
                state = await database.value(
                    "SELECT state FROM service_case WHERE account_no = $1", account_no("zhang_wei")
                )
                await watcher.sees(state)
