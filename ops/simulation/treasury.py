"""The auditor's treasury: money in suspense, refunds, deposits and batches, beside what the banks' own books say.

Like the auditor it hears commands, answers and the banks' journals, and shares no code with the house. What a bank has
done, the house may have booked already or not; what it has booked, the bank must have done.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

DEMAND_PPM = 1_000
DONE = "00000"
_OPEN = frozenset({"prepared", "sending", "processing", "unknown", "paying"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A deposit's rate in millionths a year; `months` of a fixed one."""

    code: str
    kind: Literal["notice", "fixed"]
    rate_ppm: int
    months: int = 0


PRODUCTS = {
    "N7D": Product(code="N7D", kind="notice", rate_ppm=7_500),
    "F03M": Product(code="F03M", kind="fixed", rate_ppm=6_500, months=3),
}


def code_of(bank: str, product: Product) -> str:
    """The centre's account for such deposits at a bank."""
    return f"{bank}-{'N01' if product.kind == 'notice' else 'F01'}"


@dataclass(kw_only=True)
class Item:
    """A receipt in suspense: `open` is not claimed away yet, `aside` of it is spoken for."""

    serial: str
    bank: str
    fen: int
    open: int
    aside: int = 0


@dataclass(kw_only=True)
class Deposit:
    name: str
    bank: str
    product: Product
    fen: int
    state: Literal["proposed", "standing", "ended", "refused"] = "proposed"
    placed_on: date | None = None

    @property
    def matures_on(self) -> date:
        assert self.placed_on is not None
        index = self.placed_on.year * 12 + self.placed_on.month - 1 + self.product.months
        year, month = index // 12, index % 12 + 1
        return date(year, month, min(self.placed_on.day, monthrange(year, month)[1]))

    def interest(self, on: date) -> int:
        """What the bank owes when everything is drawn on a day and nobody announced it."""
        assert self.placed_on is not None
        if self.product.kind == "notice" or on < self.matures_on:
            return _rounded(self.fen * DEMAND_PPM * (on - self.placed_on).days, 360_000_000)
        term = _rounded(self.fen * self.product.rate_ppm * self.product.months, 12_000_000)
        return term + _rounded(self.fen * DEMAND_PPM * (on - self.matures_on).days, 360_000_000)


@dataclass(kw_only=True)
class Order:
    """One thing that a bank does for the centre, once: `at_bank` is what its journal says."""

    name: str
    kind: Literal["refund", "place", "draw"]
    bank: str
    fen: int
    item: Item | None = None
    deposit: Deposit | None = None
    state: Literal["open", "done", "refused"] = "open"
    at_bank: Literal["", "done", "refused"] = ""
    booked_on: date | None = None


@dataclass(kw_only=True)
class Batch:
    """`codes` by item as the bank decided them when it took the batch; `first` items are told at once."""

    name: str
    fen: dict[int, int]
    codes: dict[int, str] | None = None
    first: int = 0
    over: bool = False


@dataclass(kw_only=True)
class Treasury:
    """`orders` and `batches` by the serial number that the bank knows them by; `employers` what is assigned to each."""

    items: dict[str, Item] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    deposits: list[Deposit] = field(default_factory=list)
    batches: dict[str, Batch] = field(default_factory=dict)
    employers: dict[int, int] = field(default_factory=dict)

    # what people ask

    def item(self, *, serial: str, bank: str, fen: int) -> Item:
        return self.items.setdefault(serial, Item(serial=serial, bank=bank, fen=fen, open=fen))

    def claimed(self, *, item: Item, fen: int) -> str | None:
        """The code of the refusal that must come, or None when the amount is set aside."""
        if fen > item.open - item.aside:
            return "settlement.suspense_not_covered"
        item.aside += fen
        return None

    def assigned(self, *, item: Item, employer: int, fen: int) -> None:
        item.aside -= fen
        item.open -= fen
        self.employers[employer] = self.employers.get(employer, 0) + fen

    def given_back(self, *, item: Item, fen: int) -> None:
        item.aside -= fen

    def ordered(self, *, serial: str, order: Order) -> None:
        self.orders[serial] = order

    def busy(self, deposit: Deposit) -> bool:
        return any(order.deposit is deposit and order.state == "open" for order in self.orders.values())

    def may_draw(self, deposit: Deposit) -> str | None:
        if deposit.state != "standing":
            return "settlement.deposit_not_standing"
        return "settlement.deposit_busy" if self.busy(deposit) else None

    # what the banks' books say; each returns what is wrong, or None

    def bank_paid(self, *, serial: str, fen: int) -> str | None:
        order = self.orders[serial]
        if order.at_bank:
            return f"the bank did {order.name} twice"
        if fen != order.fen:
            return f"the bank paid {fen} fen for {order.name} of {order.fen} fen"
        order.at_bank = "done"
        return None

    def bank_refused(self, *, serial: str) -> None:
        self.orders[serial].at_bank = "refused"

    def bank_instructed(self, *, serial: str, code: str, fen: int, on: date) -> str | None:
        order = self.orders.get(serial)
        if order is None:
            return f"a bank was instructed about a deposit that nobody approved: {serial}"
        if code != DONE:
            self.bank_refused(serial=serial)
            return None
        order.booked_on = on
        return self.bank_paid(serial=serial, fen=fen)

    def bank_took(self, *, serial: str, entry: dict[str, Any]) -> str | None:
        batch = self.batches.get(serial)
        if batch is None:
            return f"a bank took a batch that nobody prepared: {serial}"
        if batch.codes is not None:
            return f"a bank took {batch.name} twice"
        told = {item["item_no"]: _fen(item["amount"]) for item in entry["items"]}
        if told != batch.fen:
            return f"a bank took {batch.name} with {told}, expected {batch.fen}"
        batch.codes, batch.first = {item["item_no"]: item["code"] for item in entry["items"]}, entry["first"]
        return None

    def code(self, serial: str, number: int) -> str | None:
        """How the bank decided an item of a batch; None while it has not said so."""
        batch = self.batches[serial]
        told = batch.codes is not None and (batch.over or number <= batch.first)
        return batch.codes[number] if told and batch.codes is not None else None

    def bank_ended(self, *, serial: str) -> None:
        self.batches[serial].over = True

    # what the house shows; each returns what is wrong, or None

    def order_seen(self, *, serial: str, state: str, interest: int | None, quiet: bool) -> str | None:
        order = self.orders[serial]
        shown = "open" if state in _OPEN else "done" if state in ("confirmed", "approved") else "refused"
        if shown == "open":
            if order.state != "open":
                return f"{order.name} is {state} again after it was {order.state}"
            return f"{order.name} is {state}, and nothing is left to wait for" if quiet else None
        if shown != order.at_bank:
            return f"{order.name} is {state}; the bank says {order.at_bank or 'nothing'}"
        if order.state == "open":
            self._end(order, shown)
        if order.kind == "draw" and shown == "done":
            assert order.deposit is not None and order.booked_on is not None
            expected = order.deposit.interest(order.booked_on)
            if interest != expected:
                return f"{order.name} brought {interest} fen of interest, expected {expected}"
        return None

    def _end(self, order: Order, shown: str) -> None:
        order.state = "done" if shown == "done" else "refused"
        done = order.state == "done"
        if order.item is not None:
            order.item.aside -= order.fen
            order.item.open -= order.fen if done else 0
        elif order.deposit is not None and order.kind == "place":
            order.deposit.state, order.deposit.placed_on = ("standing" if done else "refused"), order.booked_on
        elif order.deposit is not None and done:
            order.deposit.state = "ended"

    def item_of_batch_seen(self, *, serial: str, number: int, state: str, quiet: bool) -> str | None:
        batch, code = self.batches[serial], self.code(serial, number)
        if state == "waiting":
            return f"item {number} of {batch.name} still waits" if quiet else None
        if code is None or (state == "confirmed") != (code == DONE):
            return f"item {number} of {batch.name} is {state}; the bank says {code or 'nothing yet'}"
        return None

    # what the books must say

    def demand(self, bank: str) -> int:
        """What refunds and deposits have changed of the centre's demand account at a bank."""
        fen = 0
        for order in self.orders.values():
            if order.bank != bank or order.state != "done":
                continue
            if order.kind == "draw":
                assert order.deposit is not None and order.booked_on is not None
                fen += order.fen + order.deposit.interest(order.booked_on)
            else:
                fen -= order.fen
        return fen

    def deposited(self) -> dict[str, int]:
        """By the centre's account for deposits."""
        fen: dict[str, int] = {}
        for deposit in self.deposits:
            code = code_of(deposit.bank, deposit.product)
            fen[code] = fen.get(code, 0) + (deposit.fen if deposit.state == "standing" else 0)
        return fen

    def out_of_suspense(self) -> int:
        return sum(item.fen - item.open for item in self.items.values())


def _rounded(product: int, by: int) -> int:
    """Half up."""
    return (product + by // 2) // by


def _fen(yuan: str) -> int:
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])
