"""What the finance desk does with the centre's own money: claims of suspense, deposits, batches; proposed by one person
and decided by another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from domain import settlement
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.database import transaction
from domain.kernel.money import Money
from domain.settlement import BatchItem, Claim
from ops.demo.city import Citizen
from ops.simulation.auditor import Difference
from ops.simulation.people import BANKS, answered
from ops.simulation.treasury import PRODUCTS, Batch, Deposit, Item, Order, Product, code_of
from ops.simulation.world import World


def _finance(number: int, name: str) -> Actor:
    return Actor(
        kind="staff",
        channel="backoffice",
        name=name,
        staff_id=number,
        roles=frozenset({Role.FINANCE}),
        assurance="password",
    )


FINANCE, SECOND = _finance(1, "孙财"), _finance(2, "钱复")
EMPLOYERS = (100001, 100002, 100003, 100004)
DEPOSITS_MAX = 12
SAME_PERSON = "settlement.same_person"


async def open_accounts(world: World) -> None:
    """The centre's accounts for deposits and the banks' rates, which two persons would have registered."""
    for bank in BANKS:
        for product in PRODUCTS.values():
            await world.stage.admin.execute(
                "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)"
                " VALUES ($1, $2, 'provident_fund', $3, '101', $4, $1, '2024-01-01')",
                code_of(bank, product),
                bank,
                product.kind,
                f"99{bank}{product.code}",
            )
        rates = [(one.code, one.rate_ppm) for one in PRODUCTS.values()]
        for code, rate in [("DEMAND", 1_000), *rates]:
            await world.stage.admin.execute(
                "INSERT INTO bank_rate (bank_code, product, effective_from, rate_ppm, source)"
                " VALUES ($1, $2, '2024-01-01', $3, '模拟利率')",
                bank,
                code,
                rate,
            )


async def claim(world: World) -> str:
    """Money in suspense is assigned to an employer or given back to who paid it."""
    treasury = world.auditor.treasury
    noticed = sorted(world.auditor.noticed)
    if not noticed:
        return "nothing is in suspense"
    serial = world.random.choice(noticed)
    bank, fen = world.auditor.received[serial]
    item = treasury.item(serial=serial, bank=bank, fen=fen)
    left = item.open - item.aside
    amount = world.random.choice((left, left, max(left // 2, 1), left + 1)) or 1
    employer = world.random.choice(EMPLOYERS) if world.chance(50) else None
    given = Claim(
        item_id=await _item_id(world, serial),
        kind="refund" if employer is None else "assign",
        amount=Money(amount),
        reason="经核实为误汇" if employer is None else "经核实属该单位",
        to_employer_no=employer,
    )
    refusal = treasury.claimed(item=item, fen=amount)
    numbers: list[int] = []
    key = world.new_key()

    async def propose() -> None:
        numbers.append(
            await settlement.propose_claim(actor=FINANCE, claim=given, request_key=key, now=world.stage.clock())
        )

    words = f"{given.kind} of {amount} of {left} fen"
    cut = await _expect(world, words, propose, refusal)
    if refusal is not None:
        return f"{words}: {refusal}{cut}"
    return f"{words}{cut}, {await _decide_claim(world, numbers[-1], item, amount, employer)}"


async def _decide_claim(world: World, movement: int, item: Item, fen: int, employer: int | None) -> str:
    treasury, approve = world.auditor.treasury, world.chance(85)
    key = world.new_key()

    async def decide(actor: Actor) -> None:
        await settlement.decide_claim(
            actor=actor,
            movement_id=movement,
            approve=approve,
            note="" if approve else "材料不全，退回",
            request_key=key,
            now=world.stage.clock(),
            business_date=world.today,
        )

    if world.chance(25):
        await _expect(world, "deciding one's own claim", lambda: decide(FINANCE), SAME_PERSON)
    cut = await _expect(world, "deciding a claim", lambda: decide(SECOND), None)
    if not approve:
        treasury.given_back(item=item, fen=fen)
        return f"declined{cut}"
    if employer is not None:
        treasury.assigned(item=item, employer=employer, fen=fen)
        return f"assigned{cut}"
    serial = await world.stage.admin.fetchval(
        "SELECT serial_no FROM payment WHERE account_no = 0 AND case_id = $1", movement
    )
    name = f"refund {sum(one.kind == 'refund' for one in treasury.orders.values()) + 1}"
    treasury.ordered(serial=serial, order=Order(name=name, kind="refund", bank=item.bank, fen=fen, item=item))
    return f"{name} ordered{cut}"


async def deposit(world: World) -> str:
    """Placed, or drawn whole: at once, early, or again while the bank has not answered."""
    treasury = world.auditor.treasury
    if len(treasury.deposits) < DEPOSITS_MAX and (not treasury.deposits or world.chance(60)):
        return await _place(world)
    one = world.random.choice(treasury.deposits)
    refusal = treasury.may_draw(one)
    number = world.deposits[one.name]

    async def propose(key: str) -> int:
        return await settlement.propose_instruction(
            actor=FINANCE,
            deposit_id=number,
            action="draw",
            amount=Money(one.fen),
            reason="资金运用计划",
            request_key=key,
            now=world.stage.clock(),
            business_date=world.today,
        )

    order = Order(name=f"drawing of {one.name}", kind="draw", bank=one.bank, fen=one.fen, deposit=one)
    return await _instruct(world, order, propose, refusal)


async def _place(world: World) -> str:
    treasury = world.auditor.treasury
    product: Product = world.random.choice(list(PRODUCTS.values()))
    least = 50_000_000 if product.kind == "notice" else 1_000_000
    one = Deposit(
        name=f"deposit {len(treasury.deposits) + 1}",
        bank=world.random.choice(BANKS),
        product=product,
        fen=least + world.random.randrange(5_000_000),
    )

    async def propose(key: str) -> int:
        return await settlement.propose_placing(
            actor=FINANCE,
            product=product.code,
            amount=Money(one.fen),
            bank_account_code=one.bank,
            deposit_account_code=code_of(one.bank, product),
            reason="资金运用计划",
            request_key=key,
            now=world.stage.clock(),
            business_date=world.today,
        )

    treasury.deposits.append(one)
    order = Order(name=f"placing of {one.name}", kind="place", bank=one.bank, fen=one.fen, deposit=one)
    return await _instruct(world, order, propose, None)


async def _instruct(world: World, order: Order, propose: Callable[[str], Awaitable[int]], refusal: str | None) -> str:
    numbers: list[int] = []
    first, second = world.new_key(), world.new_key()

    async def proposed() -> None:
        numbers.append(await propose(first))

    async def decide(actor: Actor) -> None:
        await settlement.decide_instruction(
            actor=actor,
            order_id=numbers[-1],
            approve=True,
            request_key=second,
            now=world.stage.clock(),
            business_date=world.today,
        )

    cut = await _expect(world, order.name, proposed, refusal)
    if refusal is not None:
        return f"{order.name}: {refusal}{cut}"
    serial = await world.stage.admin.fetchval("SELECT serial_no FROM deposit_order WHERE order_id = $1", numbers[-1])
    if world.chance(25):
        await _expect(world, "deciding one's own instruction", lambda: decide(FINANCE), SAME_PERSON)
    cut += await _expect(world, order.name, lambda: decide(SECOND), None)
    if order.deposit is not None and order.kind == "place":
        world.deposits[order.deposit.name] = await world.stage.admin.fetchval(
            "SELECT deposit_id FROM deposit_order WHERE order_id = $1", numbers[-1]
        )
    world.auditor.treasury.ordered(serial=serial, order=order)
    return f"{order.name} of {order.fen} fen approved{cut}"


async def batch(world: World) -> str:
    """Many payments or collections in one file; sometimes the same batch again, sometimes changed."""
    treasury = world.auditor.treasury
    bank = world.random.choice(BANKS)
    holders = [one for one in world.people if one.account and one.account["card"]["bank"] == bank]
    if not holders:
        return f"nobody has a card of bank {bank}"
    chosen = world.random.sample(holders, min(len(holders), world.random.randrange(1, 6)))
    items = [_item(world, number, bank, one) for number, one in enumerate(chosen, start=1)]
    direction: Any = world.random.choice(("pay", "collect"))
    name = f"batch {len(treasury.batches) + 1}"
    ids: list[int] = []

    async def prepare(given: list[BatchItem]) -> None:
        async with transaction() as tx:
            ids.append(
                await settlement.prepare_batch(
                    tx,
                    actor=SYSTEM,
                    direction=direction,
                    purpose="simulation",
                    business_key=name,
                    bank_account_code=bank,
                    business_type="02",
                    items=given,
                    business_date=world.today,
                    now=world.stage.clock(),
                )
            )

    cut = await _expect(world, name, lambda: prepare(items), None)
    serial = await world.stage.admin.fetchval("SELECT serial_no FROM bank_batch WHERE batch_id = $1", ids[-1])
    treasury.batches[serial] = Batch(
        name=name, fen={number: one.amount.fen for number, one in enumerate(items, start=1)}
    )
    if world.chance(20):
        changed = replace(items[-1], amount=items[-1].amount + Money(1))
        await _expect(world, f"{name} again", lambda: prepare(items), None)
        await _expect(world, f"{name} changed", lambda: prepare([*items[:-1], changed]), "settlement.batch_changed")
    if len(set(ids)) != 1:
        raise Difference(f"{name} was prepared {len(set(ids))} times")
    return f"{name}: {direction} {len(items)} at bank {bank}{cut}"


def _item(world: World, number: int, bank: str, one: Citizen) -> BatchItem:
    assert one.account is not None
    return BatchItem(
        owner_reference=f"W{number}",
        account_no=world.accounts[one.key].number,
        bank_code=bank,
        counterparty_account_no=one.account["card"]["number"],
        # somebody else's name is refused by the bank, for this item alone
        counterparty_name=one.name if world.chance(85) else "模拟错名",
        amount=Money(world.random.randrange(100, 300_000)),
        summary="模拟批量",
    )


async def _expect(world: World, what: str, work: Callable[[], Awaitable[None]], refusal: str | None) -> str:
    """Does the work, cut off sometimes and then once more; the refusal must be this one. Returns what was cut."""
    cut, code = await answered(world, work)
    if code != refusal:
        raise Difference(f"{what}: {code}, expected {refusal}")
    return cut


async def _item_id(world: World, serial: str) -> int:
    found: int = await world.stage.admin.fetchval(
        "SELECT item_id FROM suspense_item JOIN bank_receipt USING (receipt_id) WHERE host_serial_no = $1", serial
    )
    return found
