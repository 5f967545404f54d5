"""Counting, prices in milli-fen, budgets, invoices line by line, alarms."""

from datetime import date, timedelta

import pytest

from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from notifications import alarms, balances, control, counting, invoices, pricing
from notifications.invoices import OurPart, ToldLine, match
from notifications.pricing import Contract, Tier, milli_text, money_of, parse_price
from notifications.routing import Carriers
from tests.conftest import MASTER_KEY
from tests.notifications.carriers import Recording
from tests.notifications.staff import FINANCE, OTHER
from tests.notifications.world import NOW, queue

DAY = date(2026, 11, 23)
NOVEMBER = YearMonth(2026, 11)


def contract(**values: object) -> Contract:
    base: dict[str, object] = {
        "carrier": "mobile",
        "valid_from": date(2026, 1, 1),
        "basis": "submitted",
        "tiering": "graduated",
        "tiers": (Tier(from_parts=0, price_milli=4500), Tier(from_parts=100, price_milli=4000)),
    }
    return Contract(**{**base, **values})  # type: ignore[arg-type]


# Prices


@pytest.mark.parametrize(
    ("parts", "before", "milli"),
    [(0, 0, 0), (1, 0, 4500), (100, 0, 450_000), (101, 0, 454_000), (10, 95, 5 * 4500 + 5 * 4000), (3, 500, 12_000)],
)
def test_graduated_tiers(parts: int, before: int, milli: int) -> None:
    assert contract().cost_milli(parts=parts, before=before) == milli


def test_the_whole_months_parts_at_the_tier_it_reached() -> None:
    whole = contract(tiering="whole")
    assert [whole.cost_milli(parts=parts) for parts in (0, 100, 101)] == [0, 450_000, 404_000]


@pytest.mark.parametrize(("milli", "fen"), [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2), (-500, -1)])
def test_a_month_is_billed_in_whole_fen(milli: int, fen: int) -> None:
    assert money_of(milli) == Money(fen)


@pytest.mark.parametrize(
    ("text", "milli"), [("0.045", 4500), ("0.04512", 4512), ("1", 100_000), ("0", 0), ("12.3", 1_230_000)]
)
def test_prices_in_yuan(text: str, milli: int) -> None:
    assert parse_price(text) == milli


@pytest.mark.parametrize("text", ["", "-1", "0.000001", "1e3", "0,045", "abc", "1.", "٣"])
def test_prices_that_are_none(text: str) -> None:
    if text == "1.":
        assert parse_price(text) == 100_000
        return
    with pytest.raises(ValueError):
        parse_price(text)


def test_prices_are_written_with_all_their_digits() -> None:
    assert [milli_text(one) for one in (4500, 4512, 100_000, 0, 1_230_000)] == [
        "0.045",
        "0.04512",
        "1.00",
        "0.00",
        "12.30",
    ]


@pytest.mark.parametrize(
    "tiers",
    [
        (),
        (Tier(from_parts=1, price_milli=1),),
        (Tier(from_parts=0, price_milli=1), Tier(from_parts=0, price_milli=2)),
        (Tier(from_parts=0, price_milli=100_001),),
    ],
)
async def test_a_table_that_is_none_is_refused(database: str, tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(Refused):
        await pricing.register(actor=FINANCE, contract=contract(tiers=tiers), now=NOW)
    assert await pricing.contracts() == []


async def test_a_price_is_written_once_and_the_newest_that_has_begun_is_in_force(database: str) -> None:
    later = contract(valid_from=date(2026, 12, 1), tiers=(Tier(from_parts=0, price_milli=3000),))
    for one in (contract(), later):
        await pricing.register(actor=FINANCE, contract=one, now=NOW)
    with pytest.raises(Refused) as refused:
        await pricing.register(actor=FINANCE, contract=later, now=NOW)
    assert refused.value.refusals[0].code == "sms.price_before"
    assert await pricing.prices_now(day=date(2025, 12, 31)) == {}
    assert await pricing.prices_now(day=date(2026, 11, 30)) == {"mobile": 4500}
    assert await pricing.prices_now(day=date(2026, 12, 1)) == {"mobile": 3000}


# Counting


async def sent(count: int, *, carrier: str = "mobile") -> list[object]:
    vault.install(vault.Vault(MASTER_KEY))
    recording = Recording(name=carrier)
    carriers = Carriers(in_order=[recording])
    messages = [await queue() for _ in range(count)]
    for message in messages:
        await message.send(carriers)
    return list(messages)


async def test_parts_are_counted_by_every_dimension_and_cost_what_the_contract_says(database: str) -> None:
    await sent(3)
    await store.execute(
        "UPDATE sms_part SET state = 'delivered' WHERE message_id IN (SELECT message_id FROM sms_part LIMIT 2)"
    )
    await pricing.register(actor=FINANCE, contract=contract(), now=NOW)
    await counting.refresh(today=DAY)
    await counting.refresh(today=DAY)
    found = await counting.costed(since=DAY, until=DAY)
    for by, value in (
        ("carrier", "mobile"),
        ("region", "elsewhere"),
        ("class", "transactional"),
        ("template", "withdrawal.preliminary_passed"),
        ("department", "归集管理处"),
        ("day", "2026-11-23"),
    ):
        (count,) = counting.grouped(found, by=by)  # type: ignore[arg-type]
        assert (count.value, count.submitted, count.delivered, count.waiting) == (value, 3, 2, 1)
        assert count.cost == Money(14)  # 13.5 fen
    assert await counting.costed(since=DAY + timedelta(days=1), until=DAY + timedelta(days=1)) == []


async def test_only_what_arrives_is_billed_where_the_contract_says_so(database: str) -> None:
    await sent(3)
    await pricing.register(actor=FINANCE, contract=contract(basis="delivered"), now=NOW)
    await counting.refresh(today=DAY)
    (statement,) = await counting.statement(period=NOVEMBER)
    assert (statement.submitted, statement.billable, statement.cost_milli) == (3, 0, 0)


async def test_a_carrier_without_a_price_has_no_cost_and_no_total(database: str) -> None:
    await sent(1)
    await counting.refresh(today=DAY)
    counts = counting.grouped(await counting.costed(since=DAY, until=DAY), by="carrier")
    assert (counts[0].cost, counting.total(counts).cost) == (None, None)


async def test_a_budget_alarms_at_its_line_and_the_alarm_ends(database: str) -> None:
    await sent(2)
    await pricing.register(actor=FINANCE, contract=contract(), now=NOW)
    await counting.refresh(today=DAY)

    async def budget(amount: int) -> None:
        await counting.set_budget(
            actor=FINANCE, period=NOVEMBER, department=counting.ALL, amount=Money(amount), alarm_percent=80, now=NOW
        )

    await budget(10)  # 9 fen are spent
    assert [one for one in await alarms.check(now=NOW) if one[0] == "budget"] == [("budget", "*", 90, 80)]
    await alarms.check(now=NOW)
    await budget(1_000)
    await alarms.check(now=NOW + timedelta(minutes=1))
    (alarm,) = [one for one in await alarms.listed() if one.kind == "budget"]
    assert (alarm.raised_at, alarm.cleared_at) == (NOW, NOW + timedelta(minutes=1))
    with pytest.raises(Refused):
        await budget(0)


async def test_thresholds_of_queue_carriers_and_gateway(database: str) -> None:
    vault.install(vault.Vault(MASTER_KEY))
    carriers = Carriers(
        in_order=[Recording(name="mobile", long=True, online=False), Recording(name="agent", balance=5)]
    )
    await control.tell_condition(carriers=carriers, holds=True, now=NOW)
    await balances.ask(carriers=carriers, now=NOW)
    urgent = await queue(template="login.new_device", now=NOW - timedelta(minutes=11))
    over = {(kind, subject): value for kind, subject, value, _ in await alarms.check(now=NOW, gateway_expected=True)}
    assert over == {("oldest", ""): 11, ("offline", "mobile"): 1, ("balance", "agent"): 5, ("gateway", ""): 1}
    await store.execute("UPDATE sms_message SET state = 'delivered' WHERE message_id = $1", urgent.message_id)
    await alarms.check(now=NOW + timedelta(minutes=1))
    assert {one.kind for one in await alarms.listed() if one.cleared_at} == {"oldest", "gateway"}


# Invoices


def told(number: str, parts: int = 1, milli: int = 4500, day: date = DAY) -> ToldLine:
    return ToldLine(number=number, day=day, parts=parts, milli=milli)


def our(number: str, parts: int = 1, billable: int = 1) -> OurPart:
    return OurPart(number=number, day=DAY, parts=parts, billable=billable)


@pytest.mark.parametrize(
    ("line", "ours", "outcome"),
    [
        (told("1"), our("1"), "matched"),
        (told("1", parts=2), our("1"), "parts_differ"),
        (told("1", milli=4600), our("1"), "price_differs"),
        (told("1"), our("1", billable=0), "not_billable"),
        (told("2"), our("1", billable=0), "not_ours"),
        (told("1", day=date(2026, 12, 1)), our("1"), "other_month"),
    ],
)
def test_each_way_to_disagree(line: ToldLine, ours: OurPart, outcome: str) -> None:
    lines = match(told=[line], ours={ours.number: ours}, contract=contract(), period=NOVEMBER)
    assert [one.outcome for one in lines] == [outcome]


def test_a_line_twice_and_one_left_out() -> None:
    lines = match(
        told=[told("1"), told("1")], ours={"1": our("1"), "2": our("2")}, contract=contract(), period=NOVEMBER
    )
    assert [(one.number, one.outcome) for one in lines] == [("1", "matched"), ("1", "twice"), ("2", "not_told")]
    assert sum(one.our_milli or 0 for one in lines) == 9000


def test_the_tier_is_reached_in_the_order_of_the_file() -> None:
    steep = contract(tiers=(Tier(from_parts=0, price_milli=4500), Tier(from_parts=1, price_milli=4000)))
    lines = match(
        told=[told("1"), told("2", milli=4000)], ours={"1": our("1"), "2": our("2")}, contract=steep, period=NOVEMBER
    )
    assert [one.outcome for one in lines] == ["matched", "matched"]


HEADING = "短信编号,日期,条数,金额(元)\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        ("编号,日期\n".encode(), 1),
        (HEADING.encode(), 2),
        ((HEADING + "1,2026-11-23,1\n").encode(), 2),
        ((HEADING + "1,2026-11-23,1,0.045\n,2026-11-23,1,0.045\n").encode(), 3),
        ((HEADING + "1,2026/11/23,1,0.045\n").encode(), 2),
        ((HEADING + "1,2026-11-23,0,0.045\n").encode(), 2),
        ((HEADING + "1,2026-11-23,1.5,0.045\n").encode(), 2),
        ((HEADING + "1,2026-11-23,1,-0.045\n").encode(), 2),
        (b"\xff\xfe\xfd", 1),
    ],
)
def test_a_file_that_cannot_be_read_names_its_line(content: bytes, line: int) -> None:
    with pytest.raises(Refused) as refused:
        invoices.read(content)
    assert f"第{line}行" in refused.value.refusals[0].message


def test_a_file_of_an_old_spreadsheet_is_read() -> None:
    content = (HEADING + "1,2026-11-23,1,0.045\n\n").encode("gb18030")
    assert invoices.read(content) == [told("1")]


async def test_an_invoice_is_loaded_once_and_decided_by_another_person(database: str) -> None:
    await sent(2)
    await pricing.register(actor=FINANCE, contract=contract(), now=NOW)
    content = (HEADING + "mobile-1-1,2026-11-23,1,0.045\nghost,2026-11-23,1,0.045\n").encode()

    async def load(actor: Actor = FINANCE) -> invoices.Invoice:
        return await invoices.load(
            actor=actor, carrier="mobile", period=NOVEMBER, file_name="11.csv", content=content, now=NOW
        )

    loaded = await load()
    assert (loaded.line_count, loaded.told_parts, loaded.our_parts, loaded.differences) == (2, 2, 2, 2)
    assert await invoices.outcomes_of(invoice_id=loaded.invoice_id) == {"matched": 1, "not_ours": 1, "not_told": 1}
    differing = await invoices.lines_of(invoice_id=loaded.invoice_id, differing=True, most=10)
    assert [one.number for one in differing] == ["ghost", "mobile-2-1"]

    async def decide(actor: Actor, note: str) -> None:
        await invoices.decide(actor=actor, invoice_id=loaded.invoice_id, agree=True, note=note, now=NOW)

    for attempt, code in (
        (load(), "sms.invoice_repeated"),
        (decide(FINANCE, "差异已与运营商核对"), "sms.same_person"),
        (decide(OTHER, ""), "sms.note_missing"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.refusals[0].code == code
    assert (await invoices.invoice(invoice_id=loaded.invoice_id)).state == "loaded"
    await decide(OTHER, "差异已与运营商核对，下月扣减")
    with pytest.raises(Refused):
        await decide(OTHER, "差异已与运营商核对，下月扣减")
    assert (await invoices.listed())[0].state == "agreed"
