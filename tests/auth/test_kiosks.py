"""自助终端: two persons and a code enrol a device; its key answers challenges; a copy of it is found; visits end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from auth import approvals, kiosks
from channels.kiosk import SimulatedKiosk
from domain import cases
from domain.kernel import database
from domain.kernel.refusal import Refused
from ops import worker
from ops.demo.city import city
from tests.city import ApiClient, RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff

pytestmark = pytest.mark.requirement("R12.2")

HOME = "{ viewer { channel person { nameMasked } } accounts { balance } }"


async def refused(work: Awaitable[object]) -> list[str]:
    with pytest.raises(Refused) as found:
        await work
    return [one.code for one in found.value.refusals]


async def propose(running: RunningHouse, device: SimulatedKiosk, **changes: Any) -> approvals.Approval:
    given = {
        "device_no": device.device_no,
        "name": "东城管理部一号机",
        "place": "大厅东侧",
        "office_code": "0101",
        "owner": "",
        "reader_pem": device.reader_pem,
        "reason": "新购终端投入使用",
    }
    return await kiosks.propose(actor=await staff("zhou.xitong"), now=running.clock(), **{**given, **changes})


async def agree(running: RunningHouse, asked: approvals.Approval) -> None:
    await approvals.decide(
        actor=await staff("wu.anquan"), approval_id=asked.approval_id, agree=True, note="同意登记", now=running.clock()
    )


async def id_of(device: SimulatedKiosk) -> int:
    found: int = await database.value("SELECT device_id FROM kiosk WHERE device_no = $1", device.device_no)
    return found


async def code_for(running: RunningHouse, device: SimulatedKiosk) -> str:
    return await kiosks.give_code(actor=await staff("zhou.xitong"), device_id=await id_of(device), now=running.clock())


async def enrol(running: RunningHouse, device: SimulatedKiosk, code: str, *, key: str = "", proof: str = "") -> str:
    return await kiosks.enrol(
        device_no=device.device_no, code=code, public_pem=key or device.public_pem, proof=proof or device.proof(code),
        now=running.clock(),
    )  # fmt: skip


@pytest.fixture
async def device(running: RunningHouse) -> SimulatedKiosk:
    """In use."""
    made = SimulatedKiosk(device_no="STM-0101-01", clock=running.clock)
    await agree(running, await propose(running, made))
    await enrol(running, made, await code_for(running, made))
    return made


async def call(running: RunningHouse, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=10) as client:
        answer = await client.post(f"/auth/kiosk/{path}", json=body)
    return answer.status_code, answer.json() if answer.content else {}


async def visit(
    running: RunningHouse, kiosk: SimulatedKiosk, key: str = "zhang_wei", *, wrong_card: Any = None, **wrong: Any
) -> tuple[int, dict[str, Any]]:
    """The citizen puts the card on the reader; `wrong` takes the place of what the device's key says."""
    status, told = await call(running, "challenge", device=kiosk.device_no)
    if status != 200:
        return status, told
    person = city().citizens[key]
    card = {"number": person.document_no, "name": person.name, "challenge": told["challenge"], **(wrong_card or {})}
    assertion = kiosk.assertion(**{"challenge": told["challenge"], "reading": kiosk.card(**card), **wrong})
    return await call(running, "session", device=kiosk.device_no, assertion=assertion)


def code_of(answer: tuple[int, dict[str, Any]]) -> str:
    return str(answer[1]["error"]["code"])


async def state_of(device: SimulatedKiosk) -> str:
    return str(await database.value("SELECT state FROM kiosk WHERE device_no = $1", device.device_no))


async def sessions_open() -> int:
    found: int = await database.value(
        "SELECT count(*) FROM login_session WHERE channel = 'kiosk' AND revoked_at IS NULL"
    )
    return found


@pytest.mark.parametrize("curve", [None, ec.SECP256R1()])
async def test_from_registration_to_a_visit(running: RunningHouse, curve: Any) -> None:
    device = SimulatedKiosk(device_no="STM-0101-02", clock=running.clock)
    if curve:
        device.key = ec.generate_private_key(curve)
    asked = await propose(running, device)
    assert code_of(await visit(running, device)) == "kiosk.not_admitted"
    await agree(running, asked)
    await enrol(running, device, await code_for(running, device))
    status, told = await visit(running, device)
    assert (status, told["idle_seconds"], told["documents"]) == (200, 120, None)
    seen = await ApiClient(running.base_url, told["access_token"]).data(HOME)
    assert seen["viewer"]["channel"] == "kiosk" and seen["accounts"]
    kept = await database.rows("SELECT * FROM kiosk")
    assert "PRIVATE" not in str(kept[0]["public_pem"])


async def test_one_person_alone_admits_no_device(running: RunningHouse) -> None:
    device = SimulatedKiosk(device_no="STM-0101-03", clock=running.clock)
    asked = await propose(running, device)
    for login in ("zhou.xitong", "li.min"):
        assert await refused(
            approvals.decide(
                actor=await staff(login), approval_id=asked.approval_id, agree=True, note="同意", now=running.clock()
            )
        )
    assert await database.value("SELECT count(*) FROM kiosk") == 0
    assert await refused(kiosks.kiosks(actor=await staff("li.min"))) == ["access.not_permitted"]


async def test_what_is_wrong_with_a_registration_is_told_at_once(running: RunningHouse) -> None:
    device = SimulatedKiosk(device_no="stm 1", clock=running.clock)
    wrong = propose(running, device, name=" ", office_code="9999", owner="nobody", reader_pem="-----BEGIN-----")
    assert await refused(wrong) == [
        "kiosk.device_no", "kiosk.name", "kiosk.office", "kiosk.owner", "kiosk.reader_key",
    ]  # fmt: skip
    assert await database.value("SELECT count(*) FROM approval") == 0


async def test_a_code_is_good_once_for_a_while_and_for_who_holds_the_key(running: RunningHouse) -> None:
    device = SimulatedKiosk(device_no="STM-0101-04", clock=running.clock)
    other = SimulatedKiosk(device_no="STM-0101-04", clock=running.clock)
    await agree(running, await propose(running, device))
    code = await code_for(running, device)
    no = ["kiosk.enrolment_wrong"]
    assert await refused(enrol(running, device, "AAAA-BBBB-CCCC")) == no
    assert await refused(enrol(running, device, code, proof=other.proof(code))) == no, "a key that it does not hold"
    assert await refused(enrol(running, device, code, key="no key")) == no
    assert await state_of(device) == "approved"
    both = await asyncio.gather(enrol(running, device, code), enrol(running, other, code), return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in both) == 1
    assert await refused(enrol(running, device, code)) == no
    late = SimulatedKiosk(device_no="STM-0101-05", clock=running.clock)
    await agree(running, await propose(running, late))
    old = await code_for(running, late)
    running.clock.advance(minutes=31)
    assert await refused(enrol(running, late, old)) == no
    guessed = await code_for(running, late)
    for _ in range(5):
        assert await refused(enrol(running, late, "AAAA-BBBB-CCCC")) == no
    assert await refused(enrol(running, late, guessed)) == no, "after five guesses the code is dead"


async def test_a_copy_of_the_key_is_found_and_the_device_stopped(running: RunningHouse, device: SimulatedKiosk) -> None:
    status, told = await visit(running, device)
    copy = device.copied()
    assert (await visit(running, device, "li_na"))[0] == 200
    assert code_of(await visit(running, copy, "li_na")) == "kiosk.not_admitted"
    assert await state_of(device) == "suspended" and await sessions_open() == 0
    assert status == 200 and "errors" in await ApiClient(running.base_url, told["access_token"]).run(HOME)
    assert code_of(await visit(running, device)) == "kiosk.not_admitted", "the true one has to be enrolled anew"
    audited = await database.row("SELECT detail FROM audit_event WHERE action = 'kiosk.suspended'")
    assert audited is not None and audited["detail"]["reason"] == "密钥在两处使用"
    returned = await kiosks.propose_return(
        actor=await staff("zhou.xitong"), device_id=await id_of(device), reason="已更换主板", now=running.clock()
    )
    await agree(running, returned)
    again = SimulatedKiosk(device_no=device.device_no, clock=running.clock, reader_key=device.reader_key)
    await enrol(running, again, await code_for(running, again))
    assert (await visit(running, again))[0] == 200


async def test_what_the_key_did_not_say_now_is_refused_and_nobody_is_logged_in(
    running: RunningHouse, device: SimulatedKiosk
) -> None:
    stranger = SimulatedKiosk(device_no=device.device_no, clock=running.clock, reader_key=device.reader_key)
    assert code_of(await visit(running, stranger)) == "kiosk.not_admitted", "another key"
    for wrong in (
        {"challenge": "made-up"},
        {"device": "STM-9999-99"},
        {"counter": "1"},
        {"counter": True},
        {"more": 1},
    ):
        assert code_of(await visit(running, device, **wrong)) == "kiosk.not_admitted", wrong
    _, asked = await call(running, "challenge", device=device.device_no)
    running.clock.advance(minutes=3)
    late = device.assertion(challenge=asked["challenge"], reading="x")
    assert code_of(await call(running, "session", device=device.device_no, assertion=late)) == "kiosk.not_admitted"
    assert code_of(await call(running, "session", device="STM-0000-00", assertion="x")) == "kiosk.not_admitted"
    assert (await call(running, "session", device=device.device_no))[0] == 400
    assert (await state_of(device), await sessions_open()) == ("active", 0)


async def test_an_answer_played_again_opens_nothing_and_stops_nothing(
    running: RunningHouse, device: SimulatedKiosk
) -> None:
    _, asked = await call(running, "challenge", device=device.device_no)
    person = city().citizens["zhang_wei"]
    reading = device.card(number=person.document_no, name=person.name, challenge=asked["challenge"])
    assertion = device.assertion(challenge=asked["challenge"], reading=reading)
    assert (await call(running, "session", device=device.device_no, assertion=assertion))[0] == 200
    again = await call(running, "session", device=device.device_no, assertion=assertion)
    assert (code_of(again), await state_of(device), await sessions_open()) == ("kiosk.not_admitted", "active", 1)


async def test_a_card_that_proves_nobody(running: RunningHouse, device: SimulatedKiosk) -> None:
    other_reader = SimulatedKiosk(device_no="x", clock=running.clock)
    yesterday = (running.clock() - timedelta(days=1)).isoformat()
    forged = other_reader.card(number="110101199003070011", name="张伟", challenge="any")
    for wrong, code in (
        ({"holder": False}, "kiosk.card_refused"),
        ({"validUntil": "2020-01-01"}, "kiosk.card_refused"),
        ({"validUntil": "someday"}, "kiosk.card_refused"),
        ({"readAt": yesterday}, "kiosk.card_refused"),
        ({"number": "110101199003070010"}, "kiosk.card_refused"),
        ({"challenge": "of another visit"}, "kiosk.card_refused"),
        ({"type": "02"}, "kiosk.card_refused"),
        ({"name": "张伟伟"}, "kiosk.card_stranger"),
    ):
        assert code_of(await visit(running, device, wrong_card=wrong)) == code, wrong
    assert code_of(await visit(running, device, reading=forged)) == "kiosk.card_refused"
    assert (await state_of(device), await sessions_open()) == ("active", 0)


async def test_who_goes_away_is_logged_out_and_the_next_finds_nothing(
    running: RunningHouse, device: SimulatedKiosk
) -> None:
    _, told = await visit(running, device)
    client = ApiClient(running.base_url, told["access_token"])
    running.clock.advance(seconds=90)
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as http:
        renewed = (await http.post("/auth/token", json={"refresh_token": told["refresh_token"]})).json()
        running.clock.advance(seconds=100)
        await worker.sweep_once(running.house)
        await client.data(HOME)
        running.clock.advance(seconds=30)
        await worker.sweep_once(running.house)
        assert "errors" in await client.run(HOME), "the token in the browser's memory opens nothing any more"
        late = await http.post("/auth/token", json={"refresh_token": renewed["refresh_token"]})
        assert late.status_code == 401
    _, first = await visit(running, device)
    assert (await visit(running, device, "li_na"))[0] == 200
    assert "errors" in await ApiClient(running.base_url, first["access_token"]).run(HOME), "the next visit ends it"


SAVE = """
mutation Save($input: SaveDraftInput!) { saveDraft(input: $input) {
  draft { item expiresAt } userErrors { code field message } } }
"""
READ = 'query { draft(item: "C20") { content } }'


async def test_after_a_power_failure_the_same_card_goes_on(running: RunningHouse, device: SimulatedKiosk) -> None:
    async def at_the_kiosk(key: str = "zhang_wei") -> ApiClient:
        return ApiClient(running.base_url, (await visit(running, device, key))[1]["access_token"])

    def given(**changes: str) -> dict[str, Any]:
        return {"input": {"item": "C20", "content": "{}", "requestKey": "draft-0001", **changes}}

    first = await at_the_kiosk()
    await first.data(SAVE, given(content='{"frequency": "MONTHLY"}'))
    running.clock.advance(minutes=5)
    await worker.sweep_once(running.house)
    assert (await (await at_the_kiosk()).data(READ))["draft"] == {"content": '{"frequency": "MONTHLY"}'}
    assert (await (await at_the_kiosk("li_na")).data(READ))["draft"] is None, "nobody else finds it"
    sealed = await database.value("SELECT content_cipher FROM case_draft")
    assert b"MONTHLY" not in sealed
    again = await at_the_kiosk()
    for changes, code in (
        ({"item": "nothing"}, "case.draft_item"),
        ({"content": "x" * 4_001}, "case.draft_length"),
        ({"requestKey": "x"}, "request.key_malformed"),
    ):
        refused_it = (await again.data(SAVE, given(**changes)))["saveDraft"]
        assert [one["code"] for one in refused_it["userErrors"]] == [code]
    await rent.apply(running, "zhang_wei")
    assert (await again.data(READ))["draft"] is None, "what was sent is no draft"
    await again.data(SAVE, given(content="{}"))
    await again.data(SAVE, given(content=""))
    assert await database.value("SELECT count(*) FROM case_draft") == 0
    await cases.save_draft(
        actor=await citizen("li_na"), item="C20", content="{}", request_key="draft-0002",
        now=running.clock(),
    )  # fmt: skip
    assert await cases.sweep_drafts(now=running.clock() + timedelta(hours=2)) == 1
