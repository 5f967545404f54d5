"""The items of 京通 through its registered documents, on the channels of the three mini-programs, at a door that runs
nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.jingtong import pages
from domain import catalogue
from domain.kernel import database
from ops.demo.login import citizen_token
from ops.dev.documents import checked
from tests.api.closed import closed_door
from tests.city import ApiClient, RunningHouse
from tests.factories.people import citizen
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R06.2")

DOCUMENTS = {one.name: one for one, _ in checked(Path(pages.__file__).parent / "documents")[1]}
MINI_PROGRAMS = ("jingtong_wechat", "jingtong_alipay", "jingtong_baidu")
ITEMS = [item for item in catalogue.items() if "jingtong_wechat" in item.channels]
SERVED_BY = {
    "C13": {"PersonalInformation", "AddBankCard", "RemoveBankCard", "ChoosePayeeCard", "SendPhoneCode", "ChangeMobile"},
    "C14": {"TransferForm", "ApplyForTransferIn", "Transfers", "CancelTransfer"},
    "C15": {"ContributionCertificates", "IssueContributionCertificate", "AccountEntries", "Home"},
}
"""Beside the withdrawals, whose documents `test_withdrawal_documents` holds against their kinds."""
NOT_BUILT = {"C16", "L01", "L02", "L03", "L04", "L06", "L08"}
"""No area of the domain works on them yet: 京通 shows their guide and offers no application."""


def test_every_item_of_jingtong_has_its_documents_or_is_shown_as_not_open() -> None:
    assert len(ITEMS) == 15
    for names in SERVED_BY.values():
        assert names <= set(DOCUMENTS)
    withdrawals = {item.code for item in ITEMS if item.identifier.endswith("_withdrawal")}
    assert {item.code for item in ITEMS} == withdrawals | set(SERVED_BY) | NOT_BUILT
    assert not any(item.open for item in ITEMS if item.code in NOT_BUILT)


async def run(caller: ApiClient, name: str, **variables: Any) -> Any:
    answer = await caller.post({"documentId": DOCUMENTS[name].document_id, "variables": variables})
    body = answer.json()
    assert "errors" not in body, body
    (payload,) = body["data"].values() if len(body["data"]) == 1 else (body["data"],)
    return payload


@pytest.fixture
async def mini(running: RunningHouse) -> ApiClient:
    token = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="jingtong_wechat")
    return ApiClient(running.base_url, token)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
async def test_the_guide_of_each_item(running: RunningHouse, mini: ApiClient, item: catalogue.ServiceItem) -> None:
    found = await run(mini, "ServiceItemGuide", code=item.code)
    assert (found["name"], found["open"], found["steps"]) == (item.name, item.open, list(item.step_names))
    assert found["legalBasis"] and found["unverified"] == list(item.unverified)
    assert await run(mini, "ServiceItemGuide", code="C05") is None, "what 京通 does not offer is not there"


async def test_cards_and_phone_are_changed_from_a_mini_program(running: RunningHouse, mini: ApiClient) -> None:
    async with closed_door(running) as base_url:
        caller = replace(mini, base_url=base_url)
        before = await run(caller, "PersonalInformation")
        wrong = await run(
            caller, "AddBankCard", input={"bankCode": "102", "cardNo": "123", "requestKey": "card-wrong-1"}
        )
        asked = {"mobile": "13911112222", "requestKey": "phone-code-1"}
        sent = await run(caller, "SendPhoneCode", input=asked)
        again = await run(caller, "SendPhoneCode", input=asked)
        guess = {"mobile": "13911112222", "code": "000000", "requestKey": "phone-change-1"}
        refused = await run(caller, "ChangeMobile", input=guess)
        after = await run(caller, "PersonalInformation")
    assert [one["code"] for one in wrong["userErrors"]] and not sent["userErrors"]
    assert sent["mobileMasked"] == again["mobileMasked"] == "139****2222"
    assert [one["code"] for one in refused["userErrors"]] == ["access.step_up_required"], "a face first"
    assert before == after
    assert await database.value("SELECT count(*) FROM phone_proof") == 1, "told twice it is sent once"


async def test_a_certificate_is_made_once_and_for_nobody_else(running: RunningHouse, mini: ApiClient) -> None:
    mine = (await run(mini, "ContributionCertificates"))["accounts"][0]["accountNo"]
    asked = {"accountNo": mine, "requestKey": "certificate-1"}
    made, again = [await run(mini, "IssueContributionCertificate", input=asked) for _ in range(2)]
    assert made["paper"]["paperNo"] == again["paper"]["paperNo"] and made["paper"]["content"]
    assert [one["paperNo"] for one in (await run(mini, "ContributionCertificates"))["papers"]] == [
        made["paper"]["paperNo"]
    ]
    other = (await citizen("li_na")).person_id
    foreign = await database.value("SELECT account_no FROM account WHERE person_id = $1 LIMIT 1", other)
    async with nothing_changed():
        refused = await run(
            mini, "IssueContributionCertificate", input={"accountNo": str(foreign), "requestKey": "certificate-2"}
        )
    assert (refused["paper"], bool(refused["userErrors"])) == (None, True)


@pytest.mark.parametrize("channel", MINI_PROGRAMS)
async def test_each_mini_program_may_run_them(running: RunningHouse, channel: str) -> None:
    token = await citizen_token(base_url=running.base_url, key="li_na", channel=channel)
    async with closed_door(running) as base_url:
        caller = ApiClient(base_url, token)
        assert (await run(caller, "PersonalInformation"))["viewer"]["person"]["nameMasked"] == "李*"
        assert "transferCentres" in await run(caller, "TransferForm")
