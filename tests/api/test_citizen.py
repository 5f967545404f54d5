"""What a citizen does: looks, asks for a quote, applies, takes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.withdrawals import Home
from tests.api.operations import APPLY, CANCEL, CASE, HOME, QUOTE, rent_input
from tests.api.people import Citizen, new_citizen
from tests.api.world import Client, World
from tests.factories.interest import Passbook, passbook

As = Callable[..., Client]

MONTHS = [YearMonth(2025, 11).plus(months=ahead) for ahead in range(12)]
CONTRIBUTED = passbook(contributions=[(month.last_day, Money.yuan(2_880)) for month in MONTHS])
"""What `new_citizen` leaves in the books."""


async def test_home(citizen: Citizen, as_: As) -> None:
    home = await as_(citizen).run(HOME)
    assert home["viewer"]["kind"] == "citizen"
    assert home["viewer"]["person"]["nameMasked"] == "测**"
    assert home["viewer"]["person"]["mobileMasked"] == "138****0000"
    [account] = home["accounts"]
    balance = str(CONTRIBUTED.balance)
    assert (account["balance"], account["held"], account["available"]) == (balance, "0.00", balance)
    assert (account["monthlyContribution"], account["paidThrough"]) == ("2880.00", "2026-10")
    assert account["entries"]["totalCount"] == 13, "twelve months and one interest"
    assert [edge["node"]["side"] for edge in account["entries"]["edges"]] == ["IN"] * 3
    assert account["cards"][0]["id"] == citizen.card
    assert home["cases"] == {"totalCount": 0, "edges": []}
    assert home["rentArrangement"] is None
    assert {item["code"] for item in home["serviceItems"] if item["open"]} >= {"C20"}


async def test_entries_page_through(citizen: Citizen, as_: As) -> None:
    query = """query Entries($account: ID!, $after: String) { node(id: $account) { ... on Account {
        entries(first: 5, after: $after) { edges { node { id balanceBefore balanceAfter amount } }
        pageInfo { hasNextPage endCursor } } } } }"""
    entries: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        page = (await as_(citizen).run(query, account=citizen.account, after=after))["node"]["entries"]
        entries += [edge["node"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    movements = CONTRIBUTED.movements
    balances = [str(Passbook(movements[:count]).balance) for count in range(13, 0, -1)]
    assert [entry["balanceAfter"] for entry in entries] == balances
    assert len({entry["id"] for entry in entries}) == 13
    found = await as_(citizen).run("query N($id: ID!) { node(id: $id) { __typename id } }", id=entries[4]["id"])
    assert found["node"] == {"__typename": "LedgerEntry", "id": entries[4]["id"]}


async def test_quote_leaves_nothing_behind(citizen: Citizen, as_: As, footprint: Any) -> None:
    before = await footprint()
    quoted = (await as_(citizen).run(QUOTE, input=rent_input(citizen.card)))["quoteRentWithdrawal"]
    assert quoted["userErrors"] == []
    assert quoted["quote"]["amount"] == quoted["quote"]["monthlyLimit"]
    assert quoted["quote"]["months"] == 1
    assert quoted["quote"]["explanation"]
    assert await footprint() == before


async def test_quote_tells_every_reason_at_once(world: World, as_: As) -> None:
    citizen = await new_citizen(now=world.clock(), months=2, bank_code="403")
    world.agencies.homes[citizen.document_no] = (
        Home(
            address="演示路1号",
            district_code="110101",
            ownership_share="1/1",
            certificate_no="京0001",
            registered_on=world.clock().date(),
        ),
    )
    quoted = (await as_(citizen).run(QUOTE, input=rent_input(citizen.card, commitment=False)))["quoteRentWithdrawal"]
    assert quoted["quote"]["amount"] == "0.00"
    assert {(error["code"], error["field"]) for error in quoted["userErrors"]} == {
        ("withdrawal.contribution_too_short", None),
        ("withdrawal.home_owned", None),
        ("withdrawal.commitment_missing", "commitment"),
        ("withdrawal.card_bank_not_entrusted", "cardId"),
    }


async def test_application_holds_the_amount_and_shows_its_steps(citizen: Citizen, as_: As) -> None:
    client = as_(citizen)
    made = (await client.run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001")))["applyForRentWithdrawal"]
    assert made["userErrors"] == []
    assert made["case"]["allowedActions"] == ["cancel"]
    case = (await client.run(CASE, id=made["case"]["id"]))["case"]
    assert [(step["code"], step["state"]) for step in case["steps"]] == [
        ("submitted", "DONE"),
        ("preliminary_review", "CURRENT"),
        ("final_review", "WAITING"),
        ("payment", "WAITING"),
        ("closed", "WAITING"),
    ]
    assert case["steps"][0]["at"] == "2026-11-23T10:00:00.000+08:00"
    assert [entry["action"] for entry in case["history"]] == ["submit"]
    assert case["payment"] is None
    assert {entry["name"]: entry["value"] for entry in case["form"]} == {
        "kind": "无房租房提取",
        "frequency": "按月提取",
        "auto_renewal": "不同意",
        "commitment": "已签署",
    }
    [account] = (await client.run("{ accounts { held available } }"))["accounts"]
    assert account["held"] == made["case"]["amount"]
    arrangement = await client.run("{ rentArrangement { id stateName frequency } }")
    assert arrangement["rentArrangement"]["stateName"] == "审核中"


async def test_cancelling_gives_the_amount_back(citizen: Citizen, as_: As) -> None:
    client = as_(citizen)
    made = await client.run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id = made["applyForRentWithdrawal"]["case"]["id"]
    for _ in range(2):
        done = await client.run(CANCEL, input={"id": id, "requestKey": "cancel-001"})
        assert done["cancelCase"] == {"case": {"id": id, "state": "cancelled"}, "userErrors": []}
    [account] = (await client.run("{ accounts { held } }"))["accounts"]
    assert account["held"] == "0.00"
    assert await client.refusals(CANCEL, input={"id": id, "requestKey": "cancel-002"})


async def test_dry_run_judges_and_leaves_nothing(citizen: Citizen, as_: As, footprint: Any) -> None:
    before = await footprint()
    tried = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001", dryRun=True))
    assert tried["applyForRentWithdrawal"] == {"case": None, "userErrors": []}
    refused = await as_(citizen).refusals(
        APPLY, input=rent_input(citizen.card, requestKey="apply-0001", dryRun=True, commitment=False)
    )
    assert refused == [("withdrawal.commitment_missing", "commitment")]
    assert await footprint() == before


async def test_the_same_request_key_answers_the_same(citizen: Citizen, as_: As, footprint: Any) -> None:
    client, input = as_(citizen), rent_input(citizen.card, requestKey="apply-0001")
    first = await client.run(APPLY, input=input)
    after = await footprint()
    assert await client.run(APPLY, input=input) == first
    assert await footprint() == after


async def test_the_same_request_key_with_other_input_is_refused(citizen: Citizen, as_: As, footprint: Any) -> None:
    client = as_(citizen)
    await client.run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    after = await footprint()
    other = rent_input(citizen.card, requestKey="apply-0001", frequency="QUARTERLY")
    assert await client.refusals(APPLY, input=other) == [("request.key_reused", "requestKey")]
    assert await footprint() == after


async def test_malformed_request_keys_are_refused(citizen: Citizen, as_: As, footprint: Any) -> None:
    before = await footprint()
    for key in ("", "short", "x" * 65, "钥匙钥匙钥匙钥匙", "a b c d e f"):
        refused = await as_(citizen).refusals(APPLY, input=rent_input(citizen.card, requestKey=key))
        assert refused == [("request.key_malformed", "requestKey")]
    assert await footprint() == before


async def test_a_card_of_another_person_is_refused(
    citizen: Citizen, stranger: Citizen, as_: As, footprint: Any
) -> None:
    before = await footprint()
    input = rent_input(stranger.card, requestKey="apply-0001")
    assert await as_(citizen).refusals(APPLY, input=input) == [("withdrawal.card_not_found", "cardId")]
    assert await footprint() == before


async def test_a_card_of_another_bank_is_refused(world: World, as_: As, footprint: Any) -> None:
    citizen = await new_citizen(now=world.clock(), bank_code="403")
    before = await footprint()
    input = rent_input(citizen.card, requestKey="apply-0001")
    assert await as_(citizen).refusals(APPLY, input=input) == [("withdrawal.card_bank_not_entrusted", "cardId")]
    assert await footprint() == before


async def test_ids_that_are_no_cards_are_refused(citizen: Citizen, as_: As, footprint: Any) -> None:
    before = await footprint()
    for id in ("", "card", citizen.account, citizen.card + "=", "Q2FyZDox\x00", "Q2FyZDpBQkM"):
        answer = (await as_(citizen).post(APPLY, {"input": rent_input(id, requestKey="apply-0001")})).json()
        if "\x00" in id:
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        else:
            [error] = answer["data"]["applyForRentWithdrawal"]["userErrors"]
            assert (error["code"], error["field"]) == ("request.reference_malformed", "cardId")
    assert await footprint() == before


async def test_closed_and_frozen_accounts_are_refused(world: World, as_: As, footprint: Any) -> None:
    expected = {
        "02": "withdrawal.account_sealed",
        "05": "withdrawal.account_closed",
        "06": "withdrawal.account_frozen",
    }
    for state, code in expected.items():
        citizen = await new_citizen(now=world.clock(), state=state)
        before = await footprint()
        refused = await as_(citizen).refusals(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
        assert code in [found for found, _ in refused]
        assert await footprint() == before
