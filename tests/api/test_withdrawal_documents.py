"""Every kind through the documents of its channels, as a program of the channel sends them: by identifier, at a door
that runs nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from domain import catalogue, policy, withdrawals
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.withdrawals import Kind
from ops.demo.login import citizen_token
from ops.dev.documents import checked, folders_of_channels
from schema.limits import GraphQLLimits
from schema.trusted import Checked
from schema.types.nodes import global_id
from schema.types.withdrawals import WithdrawalKind, mutation_of
from tests.api.closed import closed_door
from tests.city import ApiClient, RunningHouse
from tests.factories import kinds, rent
from tests.factories.people import card_id, citizen
from tests.factories.snapshot import nothing_changed

SERVICES = {folder.parent.name: dict[str, Checked]() for folder in folders_of_channels()}
for _folder in folders_of_channels():
    _service, _documents = checked(_folder)
    SERVICES[_folder.parent.name] = {document.name: document for document, _ in _documents}
CHANNELS = {"jingtong": "jingtong_h5", "portal": "web_portal"}
SERVED = {**CHANNELS, "kiosk": "kiosk"}
QUOTES = {"rent": "RentedHome", "home": "Home", "expense": "Expense", "closure": "Closure"}
ARRANGEMENTS = ("Arrangements", "ChangeArrangement", "PauseArrangement", "ResumeArrangement", "EndArrangement")

pytestmark = pytest.mark.requirement("R06.2")


def offered(service: str) -> list[Kind]:
    """What the catalogue names for the service's channel, whatever the documents say."""
    return [kind for kind in withdrawals.kinds() if SERVED[service] in catalogue.item(kind.item).channels]


def document_of(service: str, kind: Kind) -> Checked:
    name = mutation_of(kind)
    return SERVICES[service][f"{name[0].upper()}{name[1:]}"]


@pytest.mark.parametrize("service", SERVED)
def test_a_service_has_documents_for_exactly_the_kinds_of_its_channels(service: str) -> None:
    applying = {name for name in SERVICES[service] if name.startswith("ApplyFor") and name.endswith("Withdrawal")}
    assert applying == {document_of(service, kind).name for kind in offered(service)}
    forms = {kind.form for kind in offered(service)}
    assert {f"Quote{QUOTES[form]}Withdrawal" for form in forms} <= set(SERVICES[service])
    assert {"WithdrawalKinds", "WithdrawalForm", *ARRANGEMENTS} <= set(SERVICES[service])
    # a form costs its citizen little of the bucket: a hundred can be opened in a row
    assert SERVICES[service]["WithdrawalForm"].points_max <= 120
    dearest = max(document.points_max for document in SERVICES[service].values())
    assert dearest <= GraphQLLimits().points_max


def test_the_portal_offers_every_kind_and_jingtong_those_of_its_items() -> None:
    assert len(offered("portal")) == len(withdrawals.kinds()) == 24
    assert {catalogue.item(kind.item).code for kind in offered("jingtong")} == {"C17", "C18", "C20", "C22", "C24"}
    assert len(offered("kiosk")) == 20
    assert "ApplyForPropertyFeeWithdrawal" not in SERVICES["kiosk"]


def test_a_kiosk_runs_its_own_documents_and_no_other_service_runs_them_there() -> None:
    for folder in folders_of_channels():
        service, documents = checked(folder)
        on_kiosk = {document.name for document, channels in documents if "kiosk" in channels}
        assert bool(on_kiosk) == (service.name == "kiosk")


# all kinds through the portal; 京通 shares its documents, so there one kind of each of its items
PAIRS = [("portal", kind.code) for kind in offered("portal")]
PAIRS += [("jingtong", code) for code in dict((kind.item, kind.code) for kind in offered("jingtong")).values()]


async def client(running: RunningHouse, base_url: str, key: str, service: str) -> ApiClient:
    token = await citizen_token(base_url=running.base_url, key=key, channel=CHANNELS[service])
    return ApiClient(base_url, token)


async def run(caller: ApiClient, document: Checked, **variables: Any) -> dict[str, Any]:
    answer = await caller.post({"documentId": document.document_id, "variables": variables})
    body: dict[str, Any] = answer.json()
    assert "errors" not in body, body["errors"]
    (data,) = body["data"].values() if len(body["data"]) == 1 else (body["data"],)
    return data  # type: ignore[no-any-return]


async def show_the_face(caller: ApiClient, documents: dict[str, Checked], challenge: str) -> None:
    """As the citizen does it on the verification service's page."""
    begun = await run(
        caller,
        documents["StartFaceCheck"],
        input={"challenge": challenge, "returnTo": "/portal/", "requestKey": rent.new_key()},
    )
    assert begun["userErrors"] == []
    async with httpx.AsyncClient(trust_env=False) as phone:
        (await phone.post(begun["check"]["url"], data={"passed": "yes"})).raise_for_status()
    ended = await run(
        caller, documents["FinishFaceCheck"], input={"id": begun["check"]["id"], "requestKey": rent.new_key()}
    )
    assert ended["check"]["state"] == "passed"


async def declared(one: kinds.Granted) -> dict[str, Any]:
    input: dict[str, Any] = {"cardId": global_id("Card", await card_id(one.who)), **one.input()}
    if one.kind.form != "closure":
        input["commitment"] = True
    if one.kind.form == "rent":
        input |= {"frequency": "MONTHLY", "autoRenewal": False}
    elif one.kind.form == "home" and one.kind.code in ("purchase_with_hpf_loan", "purchase_out_of_city_loan"):
        input["frequency"] = "MONTHLY"
    return input


@pytest.mark.parametrize(("service", "code"), PAIRS)
async def test_each_kind_is_quoted_and_applied_for_through_its_documents(
    running: RunningHouse, service: str, code: str
) -> None:
    one = kinds.granted(withdrawals.kind_of(code))
    await kinds.prepare(one)
    house = replace(running.house, registries=one.agencies.registries())
    async with closed_door(replace(running, house=house)) as base_url:
        caller = await client(running, base_url, one.who, service)
        input = await declared(one)
        quote = await run(caller, SERVICES[service][f"Quote{QUOTES[one.kind.form]}Withdrawal"], kind=code, input=input)
        assert quote["userErrors"] == []
        answer = await run(
            caller, document_of(service, one.kind), input={**input, "requestKey": rent.new_key(), "dryRun": True}
        )
        assert (answer["case"], answer["userErrors"]) == (None, [])
        assert await database.value("SELECT count(*) FROM service_case") == 0
        input["requestKey"] = rent.new_key()
        done = await run(caller, document_of(service, one.kind), input=input)
        if one.kind.form != "rent" and one.who != "liu_yang":  # whose account holds less than asks for a face
            async with nothing_changed():
                assert [error["code"] for error in done["userErrors"]] == ["access.step_up_required"]
            await show_the_face(caller, SERVICES[service], done["userErrors"][0]["stepUp"]["challenge"])
            done = await run(caller, document_of(service, one.kind), input=input)
        assert done["userErrors"] == []
        assert done["case"]["amount"] == quote["quote"]["amount"]
        assert done["case"]["itemName"] == catalogue.item(one.kind.item).name


async def test_what_a_channel_does_not_offer_is_not_shown_registered_or_granted(running: RunningHouse) -> None:
    renovation = kinds.granted(withdrawals.kind_of("renovation"))
    async with closed_door(running) as base_url:
        caller = await client(running, base_url, renovation.who, "jingtong")
        shown = await run(caller, SERVICES["jingtong"]["WithdrawalKinds"], item="C21")
        assert shown["withdrawalKinds"] == []
        form = await run(caller, SERVICES["jingtong"]["WithdrawalForm"], item="C21", kind="renovation")
        assert form["withdrawalKind"] is None
        document = document_of("portal", renovation.kind)
        input = {**(await declared(renovation)), "requestKey": rent.new_key()}
        async with nothing_changed():
            answer = await caller.post({"documentId": document.document_id, "variables": {"input": input}})
        assert answer.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_GRANTED"


async def test_a_form_begins_with_what_was_declared_last(running: RunningHouse) -> None:
    one = kinds.granted(withdrawals.kind_of("purchase_in_city"))
    now = running.clock()
    await withdrawals.apply_for_withdrawal(
        actor=await citizen(one.who),
        application=withdrawals.Application(
            kind=one.kind.code, card_id=await card_id(one.who), commitment=True, fields=one.fields()
        ),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=one.agencies.registries(),
    )
    caller = await client(running, running.base_url, one.who, "portal")
    form = await run(caller, SERVICES["portal"]["WithdrawalForm"], item="C17", kind="maintenance_fund_deposit")
    assert [(line["name"], line["value"]) for line in form["withdrawalPrefill"]] == [
        ("address", "朝阳区演示路9号院2栋3单元501")
    ]
    assert form["withdrawalPrefill"][0]["source"].endswith("申请时填写")
    other = await client(running, running.base_url, "zhang_wei", "portal")
    assert (await run(other, SERVICES["portal"]["WithdrawalForm"], item="C17", kind="purchase_in_city"))[
        "withdrawalPrefill"
    ] == []
    unknown = await run(caller, SERVICES["portal"]["WithdrawalForm"], item="C17", kind="no_such_kind")
    assert unknown["withdrawalPrefill"] == []


@pytest.mark.parametrize("code", [kind.code for kind in withdrawals.kinds()])
def test_every_kind_tells_its_form_in_words(code: str) -> None:
    kind = withdrawals.kind_of(code)
    shown = WithdrawalKind.of(kind, values=policy.on(date(2026, 11, 30)), channel="web_portal")
    assert shown.about.endswith("。") and shown.limit
    assert bool(shown.commitment_text) == shown.commitment
    assert "在柜台或自助终端办理" not in [paper.when for paper in shown.materials]
    assert {paper.name for paper in shown.materials} & {"本人受托银行储蓄卡"}
