"""Notices and phone numbers of the mini-programs in the running house: what a person allowed, told once, and by SMS
where the platform does not take it; a phone that the platform vouches for, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from auth import phones
from domain import contributions
from domain.kernel import database
from ops.demo.login import citizen_token
from tests.actions.test_cancel_and_evaluate import cancel
from tests.channels.conversing import forgotten  # noqa: F401
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen

pytestmark = pytest.mark.requirement("R06.2")
ACCOUNT, TEMPLATE = "oMini00000000000001", "MINI-CASE-PROGRESS"
PROVIDER = {"jingtong_wechat": "wechat", "jingtong_alipay": "alipay", "jingtong_baidu": "baidu"}
ACCEPT = {
    "jingtong_wechat": ("wechat/mini", "openid"), "jingtong_alipay": ("alipay/mini", "user_id"),
    "jingtong_baidu": ("baidu", "open_id"),
}  # fmt: skip
NOTICES = "/auth/mini/notices"


@pytest.fixture(autouse=True)
def standing(running: RunningHouse) -> None:
    for notifier in running.house.notifiers.values():
        notifier.wire._breakers.clear()  # type: ignore[attr-defined]


async def tied(running: RunningHouse, channel: str = "jingtong_wechat", key: str = "zhang_wei") -> str:
    """The person's account on the platform is linked; a token of a login by that mini-program."""
    await database.execute(
        "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at, confirmed_at)"
        " VALUES ($1, $2, $3, $4, $4, $4)",
        PROVIDER[channel],
        ACCOUNT,
        (await citizen(key)).person_id,
        running.clock(),
    )
    return await citizen_token(base_url=running.base_url, key=key, channel=channel)


async def asked(running: RunningHouse, token: str | None, method: str, path: str, **given: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=10) as client:
        return await client.request(method, path, headers=headers, **given)


async def accepted(
    running: RunningHouse, token: str, channel: str = "jingtong_wechat", *, on_platform: bool = True
) -> None:
    """The dialog on the phone, and what the mini-program tells us of it, twice."""
    path, name = ACCEPT[channel]
    if on_platform:
        async with httpx.AsyncClient(trust_env=False) as client:
            told = {name: ACCOUNT, "template": TEMPLATE}
            (await client.post(f"{running.simulators_url}/_sim/{path}/accept", json=told)).raise_for_status()
    body = {"choices": {TEMPLATE: "accept"}, "requestKey": "notices-0001"}
    for _ in range(2):
        assert (await asked(running, token, "POST", NOTICES, json=body)).status_code == 204
    (one,) = (await asked(running, token, "GET", NOTICES)).json()["notices"]
    assert (one["name"], one["template"], one["remaining"]) == ("case_progress", TEMPLATE, 1)


async def texts() -> list[str]:
    return [row["template"] for row in await database.rows("SELECT template FROM sms_message ORDER BY created_at")]


async def outcome() -> tuple[str, str]:
    row = await database.row("SELECT state, code FROM outgoing_message")
    assert row is not None
    return row["state"], row["code"]


@pytest.mark.parametrize("channel", PROVIDER)
async def test_who_accepted_is_told_once_by_each_platform_and_then_by_sms(running: RunningHouse, channel: str) -> None:
    token = await tied(running, channel)
    await accepted(running, token, channel)
    before = len(await running.simulated(f"{ACCEPT[channel][0]}/sent"))
    case = await rent.apply(running, "zhang_wei")
    await running.settle()
    (told,) = (await running.simulated(f"{ACCEPT[channel][0]}/sent"))[before:]
    assert told["values"]["phrase2"] == "已受理" and told["page"].startswith("pages/service/service?page=%2Fh5%2F")
    assert (await texts(), await outcome()) == ([], ("sent", ""))
    await cancel(running, case)
    await running.settle()
    assert await texts() == ["withdrawal.cancelled"]


async def test_what_the_platform_knows_nothing_of_is_told_by_sms_and_no_more_tried(running: RunningHouse) -> None:
    await accepted(running, await tied(running), on_platform=False)
    await rent.apply(running, "zhang_wei")
    await running.settle()
    assert (await texts(), await outcome()) == (["withdrawal.submitted"], ("refused", "43101"))
    assert await database.value("SELECT remaining FROM notice_permission") == 0
    await running.settle()
    assert await texts() == ["withdrawal.submitted"]


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        ({"mode": "refuse", "detail": {"code": 45009}}, ("refused", "too_late")),
        ({"mode": "garbage", "detail": {"stage": "before"}}, ("unknown", "garbage")),
        ({"mode": "refuse", "detail": {"code": 40001}}, ("refused", "too_late")),
    ],
)
async def test_a_platform_in_trouble_keeps_nobody_waiting(
    running: RunningHouse, rule: dict[str, Any], ends: tuple[str, str]
) -> None:
    await accepted(running, await tied(running))
    await running.fault(simulator="wechat", operation="mini_subscribe", **rule)
    await rent.apply(running, "zhang_wei")
    for _ in range(3):
        await running.settle()
        running.clock.advance(minutes=6)
    assert (await texts(), await outcome()) == (["withdrawal.submitted"], ends)


async def test_an_expired_token_is_asked_for_anew(running: RunningHouse) -> None:
    await accepted(running, await tied(running))
    await running.fault(simulator="wechat", operation="mini_subscribe", mode="refuse", times=1, detail={"code": 42001})
    await rent.apply(running, "zhang_wei")
    await running.settle()
    assert (await texts(), await outcome()) == ([], ("sent", ""))


async def test_a_process_that_dies_while_it_tells_leaves_an_sms(running: RunningHouse) -> None:
    await accepted(running, await tied(running))
    await running.fault(simulator="wechat", operation="mini_subscribe", mode="refuse", times=1, detail={"code": -1})
    await rent.apply(running, "zhang_wei")
    await running.settle()
    await database.execute(
        "UPDATE outgoing_message SET state = 'sending', due_at = $1", running.clock() - timedelta(seconds=1)
    )
    await running.settle()
    assert (await texts(), await outcome()) == (["withdrawal.submitted"], ("unknown", "interrupted"))


async def test_choices_that_are_none_are_refused_and_leave_nothing(running: RunningHouse) -> None:
    body = {"choices": {TEMPLATE: "accept"}, "requestKey": "notices-0001"}
    unlinked = await citizen_token(base_url=running.base_url, key="li_na", channel="jingtong_wechat")
    elsewhere = await citizen_token(base_url=running.base_url, key="li_na", channel="web_portal")
    token = await tied(running)
    answers = [
        await asked(running, None, "POST", NOTICES, json=body),
        await asked(running, unlinked, "POST", NOTICES, json=body),
        await asked(running, elsewhere, "POST", NOTICES, json=body),
        await asked(running, token, "POST", NOTICES, json={**body, "choices": {"FOREIGN": "accept"}}),
        await asked(running, token, "POST", NOTICES, json={**body, "choices": {}}),
        await asked(running, token, "POST", NOTICES, json={**body, "choices": "accept"}),
    ]
    assert [(one.status_code, one.json()["error"]["code"]) for one in answers] == [
        (401, "token_missing"),
        (403, "conversation.notices_account"),
        (403, "access.not_permitted"),
        (403, "conversation.notice_unknown"),
        (403, "conversation.notice_unknown"),
        (400, "request.malformed"),
    ]
    assert await database.value("SELECT count(*) FROM notice_permission") == 0


async def phone(running: RunningHouse, path: str, **given: str) -> str:
    """What the platform's button gives the client."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.post(f"{running.simulators_url}/_sim/{path}/phone", json=given)).json()
    found: str = answer.get("code") or answer.get("given")
    return found


@pytest.mark.requirement("R06.4")
@pytest.mark.parametrize(("channel", "path"), [("jingtong_wechat", "wechat/mini"), ("jingtong_alipay", "alipay/mini")])
async def test_a_phone_of_the_platform_is_proved_once_as_a_code_proves_it(
    running: RunningHouse, channel: str, path: str
) -> None:
    token = await citizen_token(base_url=running.base_url, key="zhang_wei", channel=channel)
    given = {"given": await phone(running, path, mobile="13912345678")}
    proved = await asked(running, token, "POST", "/auth/mini/phone", json=given)
    assert proved.status_code == 200 and proved.headers["cache-control"] == "no-store"
    told = proved.json()
    assert told["mobile"] == "13912345678"
    replayed = await asked(running, token, "POST", "/auth/mini/phone", json=given)
    assert (replayed.status_code, replayed.json()["error"]["code"]) == (403, "person.phone_not_from_platform")
    await use(running, told["mobile"], told["code"])
    person = await contributions.clear_person(person_id=(await citizen("zhang_wei")).person_id)
    assert person.mobile == "13912345678"
    assert await database.value("SELECT count(*) FROM sms_message WHERE template = 'login.verification_code'") == 0
    outcomes = await database.rows("SELECT outcome FROM audit_event WHERE action = 'person.phone_proved' ORDER BY at")
    assert [row["outcome"] for row in outcomes] == ["done", "refused"]


async def use(running: RunningHouse, mobile: str, code: str) -> None:
    await phones.change_mobile(
        actor=await citizen("zhang_wei"), mobile=mobile, code=code, request_key="platform-phone-1", now=running.clock()
    )


async def test_what_the_platform_does_not_vouch_for_proves_nothing(running: RunningHouse) -> None:
    wechat = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="jingtong_wechat")
    alipay = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="jingtong_alipay")
    h5 = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="jingtong_h5")
    late = await phone(running, "wechat/mini", mobile="13912345678")
    foreign = await phone(running, "wechat/mini", mobile="13912345678", appid="wx-somebody-else")
    sealed = await phone(running, "alipay/mini", mobile="13912345678")
    running.clock.advance(minutes=6)
    refused = [
        (wechat, late), (wechat, "no-such-code"), (wechat, "不是 code"), (h5, late), (alipay, late),
        (alipay, sealed.replace('"sign": "', '"sign": "AAAA')), (alipay, "{}"), (alipay, "x" * 5_000),
    ]  # fmt: skip
    fresh_foreign = await phone(running, "wechat/mini", mobile="13912345678", appid="wx-somebody-else")
    for token, given in [*refused, (wechat, foreign), (wechat, fresh_foreign)]:
        answer = await asked(running, token, "POST", "/auth/mini/phone", json={"given": given})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "person.phone_not_from_platform"), given
    assert (await asked(running, None, "POST", "/auth/mini/phone", json={"given": sealed})).status_code == 401
    assert (await asked(running, wechat, "POST", "/auth/mini/phone", json={"given": 7})).status_code == 400
    assert await database.value("SELECT count(*) FROM phone_proof") == 0
    assert await database.value("SELECT count(*) FROM platform_phone_used") == 0
