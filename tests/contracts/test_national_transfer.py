"""Contract of the national transfer platform: the client against the simulator over real HTTP, what our door reads, and
two cities of the simulator that transfer to each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from channels.inbound import Unreadable
from channels.national_transfer import NationalTransfer
from channels.national_transfer.city import Resident, SimulatedCity
from channels.national_transfer.messages import parse, return_codes
from channels.national_transfer.simulator import TransferSimulator
from channels.simulation import Faults
from channels.wire import SignatureCheck, SignedClient
from domain.kernel.money import Money
from domain.transfers.ports import Telling
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"transfer-secret-of-the-test"
OURS, TIANJIN, SHIJIAZHUANG = "110000000000000", "120000000000000", "130100000000000"
DOCUMENT = "11010519491231002X"
LETTER = "1100002611250001"
pytestmark = pytest.mark.requirement("R06.1")

LETTER_BODY = {
    "ConNum": LETTER,
    "ApplyDate": "20261125",
    "InCenterName": "北京住房公积金管理中心",
    "OutCenterCode": TIANJIN,
    "FullName": "样例甲",
    "CertType": "01",
    "CertNo": DOCUMENT,
    "OutAccount": "120100880001",
    "InAccount": "801000000001",
    "FundAccount": "0200000109000000001",
    "FundAccountName": "工行住房公积金专户",
    "FundBankCode": "102",
    "FundBankName": "中国工商银行",
}


def letter(number: str = "9001", **changes: str) -> Telling:
    return Telling(number=number, kind="letter", other_centre=TIANJIN, body={**LETTER_BODY, **changes})


def telling(number: str, kind: Any, **body: str) -> Telling:
    return Telling(number=number, kind=kind, other_centre=TIANJIN, body={"ConNum": LETTER, **body})


@dataclass(frozen=True, kw_only=True)
class World:
    faults: Faults
    simulator: TransferSimulator
    platform: NationalTransfer
    impatient: NationalTransfer
    stranger: NationalTransfer

    @property
    def tianjin(self) -> SimulatedCity:
        return self.simulator.city(TIANJIN)

    @property
    def shijiazhuang(self) -> SimulatedCity:
        return self.simulator.city(SHIJIAZHUANG)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    faults = Faults()

    def city(code: str, name: str, fund: str, account: str, balance: str) -> SimulatedCity:
        resident = Resident(
            name="样例甲", document_no=DOCUMENT, account=account, balance=Money.parse(balance), interest=Money(125)
        )
        return SimulatedCity(
            code=code, name=name, region_code=code[:6], bank_code="102", fund_account=fund,
            residents={DOCUMENT: resident}, faults=faults, clock=lambda: NOW,
        )  # fmt: skip

    simulator = TransferSimulator(
        cities=(
            city(TIANJIN, "天津市住房公积金管理中心", "03020001090120", "120100880001", "5000.00"),
            city(SHIJIAZHUANG, "石家庄住房公积金管理中心", "13001601090130", "130100770001", "300.00"),
        ),
        centre=OURS,
        url=unused_url(),
        secret=SECRET,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=lambda: NOW),
        faults=faults,
        clock=lambda: NOW,
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def client(*, seconds: float = 5, secret: bytes = SECRET) -> NationalTransfer:
            wire = SignedClient(
                partner="national_transfer", base_url=url, app="hpf", secret=secret, timeout_seconds=seconds
            )
            return NationalTransfer(wire=await stack.enter_async_context(wire), centre=OURS)

        yield World(
            faults=faults,
            simulator=simulator,
            platform=await client(),
            impatient=await client(seconds=0.3),
            stranger=await client(secret=b"another-secret-of-somebody-else"),
        )


async def test_a_letter_is_taken_once_with_a_receipt(world: World) -> None:
    first = await world.platform.tell(telling=letter(), now=NOW)
    assert (first.status, first.code) == ("accepted", "00000") and first.receipt_no
    again = await world.platform.tell(telling=letter(), now=NOW)
    assert (again.status, again.receipt_no) == ("duplicate", first.receipt_no)
    other = await world.platform.tell(telling=letter(FullName="样例乙"), now=NOW)
    assert (other.status, other.code) == ("rejected", "T0005")
    assert len(world.simulator.waiting) == 1
    assert (await world.platform.progress(letter_no=LETTER, now=NOW)).state == "01"
    assert (await world.platform.progress(letter_no="1100002611259999", now=NOW)).state is None


async def test_cancelling_is_possible_in_state_01_alone(world: World) -> None:
    await world.platform.tell(telling=letter(), now=NOW)
    unknown = Telling(
        number="8", kind="cancel", other_centre=TIANJIN, body={"ConNum": "1100002611250099", "Reason": ""}
    )
    assert (await world.platform.tell(telling=unknown, now=NOW)).code == "T0001"
    assert (await world.platform.tell(telling=telling("9002", "cancel", Reason="撤销"), now=NOW)).status == "accepted"
    assert (await world.platform.tell(telling=telling("9003", "cancel", Reason="再撤"), now=NOW)).code == "T0002"
    assert (await world.platform.progress(letter_no=LETTER, now=NOW)).state == "05"


@pytest.mark.parametrize(
    ("given", "code"),
    [({"ConNum": "11000026112500"}, "T0003"), ({"CertNo": "<x>"}, "T0003"), ({"FundBankCode": "1"}, "T0003")],
)
async def test_what_is_not_as_agreed_is_rejected(world: World, given: dict[str, str], code: str) -> None:
    answer = await world.platform.tell(telling=letter(**given), now=NOW)
    assert (answer.status, answer.code) == ("rejected", code)
    assert not world.simulator.letters


async def test_an_unknown_centre_is_rejected(world: World) -> None:
    nowhere = Telling(number="7", kind="letter", other_centre="999900000000000", body=LETTER_BODY)
    assert (await world.platform.tell(telling=nowhere, now=NOW)).code == "T0004"


@pytest.mark.parametrize(
    ("mode", "detail", "trouble"),
    [
        ("timeout", {}, "timeout"),
        ("error500", {}, "status"),
        ("garbage", {}, "garbage"),
        ("timeout", {"stage": "after"}, "timeout"),
        ("error500", {"stage": "after"}, "status"),
    ],
)
async def test_trouble_is_unknown_and_telling_again_is_safe(
    world: World, mode: Any, detail: dict[str, Any], trouble: str
) -> None:
    world.faults.add(simulator="transfer", operation="tell", mode=mode, times=1, detail=detail)
    answer = await world.impatient.tell(telling=letter(), now=NOW)
    assert (answer.status, answer.code) == ("unknown", trouble)
    again = await world.platform.tell(telling=letter(), now=NOW)
    assert again.status == ("duplicate" if detail else "accepted")
    assert len(world.simulator.waiting) == 1


async def test_a_wrong_signature_gets_nothing(world: World) -> None:
    assert (await world.stranger.tell(telling=letter(), now=NOW)).code == "status"
    assert await world.stranger.centres(now=NOW) is None
    assert (await world.stranger.progress(letter_no=LETTER, now=NOW)).state is None
    assert not world.simulator.letters


async def test_the_centres_are_listed(world: World) -> None:
    listed = await world.platform.centres(now=NOW)
    assert listed is not None and [(one.code, one.region_code) for one in listed] == [
        (TIANJIN, "120000"),
        (SHIJIAZHUANG, "130100"),
    ]
    world.faults.add(simulator="transfer", operation="centres", mode="garbage", times=1)
    assert await world.platform.centres(now=NOW) is None


def test_every_code_has_a_meaning() -> None:
    assert {outcome for _, outcome in return_codes().values()} == {"accepted", "duplicate", "rejected", "unknown"}


# --- two cities of the simulator


def ask(world: World, *, of: SimulatedCity, by: SimulatedCity) -> str:
    account = of.residents[DOCUMENT].account
    return world.simulator.apply(city=by.code, document_no=DOCUMENT, out_centre=of.code, out_account=account)


def balances(world: World) -> tuple[Money, Money]:
    return world.tianjin.residents[DOCUMENT].balance, world.shijiazhuang.residents[DOCUMENT].balance


async def test_two_cities_transfer_to_each_other_both_ways(world: World) -> None:
    number = ask(world, of=world.tianjin, by=world.shijiazhuang)
    await world.simulator.deliver()
    assert balances(world) == (Money.zero(), Money.parse("5301.25"))
    assert (world.tianjin.state_of[number], world.shijiazhuang.state_of[number]) == ("00", "00")
    back = ask(world, of=world.shijiazhuang, by=world.tianjin)
    await world.simulator.deliver()
    assert balances(world) == (Money.parse("5302.50"), Money.zero())
    assert {world.simulator.letters[one]["state"] for one in (number, back)} == {"00"}


def tell_city(world: World, **detail: Any) -> None:
    world.faults.add(simulator="transfer", operation="city", mode="normal", match={"event": "letter"}, detail=detail)


MISBEHAVING: dict[str, tuple[dict[str, Any], str, str]] = {
    # detail of the paying city, state there, what the receiving one has in the end
    "full width": ({"remark": "转移＃{letter}＃"}, "00", "5301.25"),
    "refuses": ({"refuse": "有未结清贷款"}, "13", "300.00"),
    "fails": ({"fail": "账户冻结"}, "40", "300.00"),
    "a letter and no money": ({"money": "none"}, "08", "300.00"),
    "money and no word": ({"info": "none"}, "02", "300.00"),
    "another amount, negotiated": ({"paid": "4999.00"}, "00", "5299.00"),
    "another letter's number": ({"remark": "#1300002611259999#"}, "08", "300.00"),
}


@pytest.mark.parametrize("name", MISBEHAVING)
async def test_a_city_misbehaves_on_request(world: World, name: str) -> None:
    detail, state, balance = MISBEHAVING[name]
    tell_city(world, **detail)
    number = ask(world, of=world.tianjin, by=world.shijiazhuang)
    await world.simulator.deliver()
    assert (world.tianjin.state_of[number], balances(world)[1]) == (state, Money.parse(balance))
    strays = [remark for remark, _ in world.shijiazhuang.strays]
    assert strays == (["#1300002611259999#"] if name == "another letter's number" else [])


@pytest.mark.parametrize("mode", ["answer_twice", "confirm_later", "refuse"])
async def test_messages_doubled_out_of_order_and_lost(world: World, mode: Any) -> None:
    world.faults.add(simulator="transfer", operation="deliver", mode=mode, times=1, match={"tx_code": "BDC905"})
    number = ask(world, of=world.tianjin, by=world.shijiazhuang)
    await world.simulator.deliver()
    arrived = mode != "refuse"
    assert balances(world)[1] == Money.parse("5301.25" if arrived else "300.00")
    assert world.shijiazhuang.state_of[number] == ("00" if arrived else "02")


# --- what our door reads


def told(**changes: Any) -> dict[str, Any]:
    return {
        "TxCode": "BDC901", "MsgNo": "120000000000000-1", "SendNode": TIANJIN, "ReceiveNode": OURS,
        "SendTime": "20261125110000", "Body": LETTER_BODY, **changes,
    }  # fmt: skip


def test_told_again_a_message_is_the_same_but_for_its_time() -> None:
    first, later = parse(json.dumps(told()).encode()), parse(json.dumps(told(SendTime="20261125120000")).encode())
    assert (first.key, first.lane, first.kind) == (f"{TIANJIN}:120000000000000-1", LETTER, "BDC901")
    assert first.essence == later.essence
    assert parse(json.dumps(told(MsgNo="2")).encode()).essence != first.essence


Spoil = Callable[[dict[str, Any]], Any]
UNREADABLE: dict[str, tuple[Spoil, str]] = {
    "no json": (lambda _: "{", "不是JSON"),
    "deep": (lambda _: "[" * 100_000, "不是JSON"),
    "a list": (lambda _: "[]", "约定的结构"),
    "no body": (lambda m: {**m, "Body": []}, "约定的结构"),
    "unknown code": (lambda m: {**m, "TxCode": "BDC907"}, "TxCode"),
    "a field too many": (lambda m: {**m, "Body": {**m["Body"], "Extra": "1"}}, "不在约定之内"),
    "a field too few": (lambda m: {**m, "Body": {"ConNum": LETTER}}, "缺失"),
    "a number for a text": (lambda m: {**m, "Body": {**m["Body"], "CertNo": 5}}, "CertNo"),
    "a day that is none": (lambda m: {**m, "Body": {**m["Body"], "ConNum": "1100002602300001"}}, "16位"),
    "control characters": (lambda m: {**m, "Body": {**m["Body"], "FullName": "甲\x00"}}, "FullName"),
    "an unknown state": (
        lambda m: {**m, "TxCode": "BDC904", "Body": {"ConNum": LETTER, "TranStatus": "77", "Reason": ""}},
        "九种状态",
    ),
    "an empty batch": (lambda m: {**m, "TxCode": "BDC902", "Body": {"Items": []}}, "批量报文应有"),
    "one letter twice": (
        lambda m: {**m, "TxCode": "BDC902", "Body": {"Items": [LETTER_BODY, LETTER_BODY]}},
        "编号重复",
    ),
    "an amount with commas": (
        lambda m: {**m, "TxCode": "BDC905", "Body": {"ConNum": LETTER, "TxFunc": "0", "TransAmount": "1,000.00"}},
        "TransAmount",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_names_the_field_and_not_what_stands_there(name: str) -> None:
    spoil, said = UNREADABLE[name]
    spoiled = spoil(told())
    content = spoiled if isinstance(spoiled, str) else json.dumps(spoiled)
    with pytest.raises(Unreadable) as unreadable:
        parse(content.encode())
    assert said in unreadable.value.fault and DOCUMENT not in unreadable.value.fault
