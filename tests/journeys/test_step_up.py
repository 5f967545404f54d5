"""人脸核验 through GraphQL, against the running house: refused, shown, done; and a face for nothing else."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from domain.kernel import database, vault
from ops.demo.login import citizen_token
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories.rent import new_key
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.journey, pytest.mark.requirement("R06.4")]

ERRORS = "userErrors { code field stepUp { operation challenge ways } }"


def mutation(name: str, wanted: str = "") -> str:
    given = name[0].upper() + name[1:]
    return f"mutation($input: {given}Input!) {{ done: {name}(input: $input) {{ {wanted} {ERRORS} }} }}"


SEND = mutation("sendPhoneCode", "mobileMasked")
CHANGE = mutation("changeMobile", "changes { afterMasked }")
START = mutation("startFaceCheck", "check { id url }")
FINISH = mutation("finishFaceCheck", "check { state }")
NEW = "13900000009"


async def done(client: ApiClient, document: str, **given: Any) -> dict[str, Any]:
    data = await client.data(document, {"input": {"requestKey": new_key(), **given}})
    answer: dict[str, Any] = data["done"]
    return answer


async def code_of_phone() -> str:
    text = await database.value(
        "SELECT text_cipher FROM sms_message WHERE class = 'otp' ORDER BY created_at DESC LIMIT 1"
    )
    found = re.search(r"验证码(\d{6})", vault.current().decrypt(text))
    assert found is not None
    return found[1]


async def shown_face(client: ApiClient, step_up: dict[str, Any], *, passes: bool = True) -> str:
    """The check begun for the challenge, the camera looked into, the result asked for; its state."""
    started = await done(client, START, challenge=step_up["challenge"], metaInfo="{}", returnTo="/h5/")
    assert started["userErrors"] == []
    async with httpx.AsyncClient(trust_env=False) as camera:
        await camera.post(started["check"]["url"], data={"passed": "yes" if passes else "no"})
    return str((await done(client, FINISH, id=started["check"]["id"]))["check"]["state"])


@pytest.fixture
async def asked(running: RunningHouse, citizen_client: Enter) -> tuple[ApiClient, dict[str, str]]:
    """A citizen with a code on the new phone, and the change that they are about to ask for."""
    client = await citizen_client("zhang_wei")
    assert (await done(client, SEND, mobile=NEW))["mobileMasked"] == "139****0009"
    return client, {"mobile": NEW, "code": await code_of_phone(), "requestKey": new_key()}


async def test_refused_then_shown_then_done(asked: tuple[ApiClient, dict[str, str]]) -> None:
    client, change = asked
    async with nothing_changed():
        (error,) = (await done(client, CHANGE, **change))["userErrors"]
    assert (error["code"], error["stepUp"]["ways"]) == ("access.step_up_required", ["face", "counter"])
    assert await shown_face(client, error["stepUp"]) == "passed"
    answer = await done(client, CHANGE, **change)
    assert (answer["userErrors"], answer["changes"][0]["afterMasked"]) == ([], "139****0009")
    # the answer was lost: the same request again says the same
    assert (await done(client, CHANGE, **change))["userErrors"] == []
    rows = await database.rows(
        "SELECT action FROM audit_event WHERE action LIKE 'face.%' OR action LIKE 'person.phone%' ORDER BY at, event_id"
    )
    assert [row["action"] for row in rows][:6] == [
        "person.phone_code_sent", "face.required", "face.started", "face.passed", "face.used", "person.phone_changed",
    ]  # fmt: skip


async def test_a_face_that_is_not_the_persons_lets_nothing_through(asked: tuple[ApiClient, dict[str, str]]) -> None:
    client, change = asked
    (error,) = (await done(client, CHANGE, **change))["userErrors"]
    assert await shown_face(client, error["stepUp"], passes=False) == "failed"
    (again,) = (await done(client, CHANGE, **change))["userErrors"]
    assert again["code"] == "access.step_up_required"
    assert await database.value("SELECT count(*) FROM sensitive_change") == 0


async def test_a_face_is_replayed_on_nothing_else(
    asked: tuple[ApiClient, dict[str, str]], citizen_client: Enter
) -> None:
    """Another number, another request, another person, and another operation."""
    client, change = asked
    (error,) = (await done(client, CHANGE, **change))["userErrors"]
    assert await shown_face(client, error["stepUp"]) == "passed"
    stranger = await citizen_client("li_na")
    for caller, changed in (
        (client, {"mobile": "13900000008"}),
        (client, {"requestKey": new_key()}),
        (client, {"code": "000000"}),
        (stranger, {}),
    ):
        (refused,) = (await done(caller, CHANGE, **{**change, **changed}))["userErrors"]
        assert refused["code"] == "access.step_up_required", changed
    # the challenge renamed to another operation opens neither
    digest = error["stepUp"]["challenge"].partition(":")[2]
    other = {**error["stepUp"], "challenge": f"identity.unlink:{digest}"}
    assert await shown_face(client, other) == "passed"
    (refused,) = (await done(client, CHANGE, **{**change, "requestKey": new_key()}))["userErrors"]
    assert refused["code"] == "access.step_up_required"
    assert await database.value("SELECT count(*) FROM sensitive_change") == 0
    required = await database.value(
        "SELECT count(*) FROM audit_event WHERE action = 'face.required' AND outcome = 'refused'"
    )
    assert required == 6


@pytest.mark.parametrize("challenge", ["", "x", "no.such:" + "0" * 64, "person.change_mobile:" + "g" * 64])
async def test_challenges_that_are_none(asked: tuple[ApiClient, dict[str, str]], challenge: str) -> None:
    client, _ = asked
    (error,) = (await done(client, START, challenge=challenge, metaInfo="{}", returnTo="/h5/"))["userErrors"]
    assert (error["code"], error["field"]) == ("face.challenge_unknown", "challenge")
    (error,) = (
        await done(
            client, START, challenge="person.change_mobile:" + "0" * 64, metaInfo="{}", returnTo="//evil.example"
        )
    )["userErrors"]
    assert error["field"] == "returnTo"
    assert await database.value("SELECT count(*) FROM face_check") == 0


async def test_a_login_of_last_week_is_asked_for_anew_before_the_face(running: RunningHouse) -> None:
    """Through GraphQL: refused with the address, nothing changed, and the same request passes after a fresh login."""
    base = running.base_url
    async with httpx.AsyncClient(base_url=base, trust_env=False) as browser:
        token = await citizen_token(base_url=base, key="zhang_wei", browser=browser)
        client = ApiClient(base, token)
        await done(client, SEND, mobile=NEW)
        running.clock.advance(hours=73)
        renewed = await browser.post("/auth/token", json={}, headers={"X-HPF-Client": "demo", "Origin": base})
        old = ApiClient(base, renewed.json()["access_token"])
        wanted = "userErrors { code loginUrl stepUp { challenge } }"
        document = f"mutation($input: ChangeMobileInput!) {{ done: changeMobile(input: $input) {{ {wanted} }} }}"
        change = {"mobile": NEW, "code": "000000", "requestKey": new_key()}
        async with nothing_changed():
            (error,) = (await done(old, document, **change))["userErrors"]
        assert (error["code"], error["stepUp"]) == ("login.renew_required", None)
        assert error["loginUrl"] == f"{base}/auth/login?channel=jingtong_h5&return_to=%2Fh5%2F"
        fresh = ApiClient(base, await citizen_token(base_url=base, key="zhang_wei"))
        (error,) = (await done(fresh, document, **change))["userErrors"]
        assert error["code"] == "access.step_up_required"
