"""The book of the simulated banks: accounts, and each payment order booked at most once.

Everything that moves money is written to the journal before it is answered, and the book is built from the
journal at start: a bank forgets nothing when its process dies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from channels.banks.messages import PaymentBody, read_amount
from domain.kernel.digest import canonical_json, sm3_hex
from domain.kernel.money import Money

CardState = Literal["open", "closed", "frozen"]

CONFIRMED, PROCESSING = "00000", "00001"
NO_SUCH_ACCOUNT, NAME_DIFFERS, ACCOUNT_CLOSED, ACCOUNT_FROZEN = "10001", "10002", "10003", "10004"
NOT_COVERED, NO_SUCH_PAYER, OTHER_BANK = "10005", "10006", "10007"
SERIAL_REUSED, NOT_FOUND = "20001", "20002"
BANK_NOT_CONTRACTED = "30003"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A person's account at one bank. Numbers that fail the Luhn check exist (old passbooks) and are paid
    to."""

    account_no: str
    name: str
    state: CardState = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccounts:
    """What one entrusted bank holds: the fund's accounts with their opening balance, and persons' cards. With
    `pays_anyone` a card that is not listed counts as open in any name (for load tests)."""

    name: str
    funds: dict[str, Money]
    cards: tuple[Card, ...] = ()
    pays_anyone: bool = False


@dataclass(slots=True, kw_only=True)
class BookedOrder:
    """One serial number. `bookings` counts how often money moved for it: never more than once."""

    serial_no: str
    digest: str
    bank_code: str
    payer_account_no: str
    amount: Money
    code: str
    bank_serial_no: str
    booked_at: str
    queries_left: int = 0
    then_code: str = CONFIRMED
    bookings: int = 0


@dataclass(slots=True)
class BankBook:
    """`write` takes each journal entry, a JSON object; `replay` is called with those of earlier runs."""

    banks: dict[str, BankAccounts]
    write: Callable[[dict[str, Any]], None]
    orders: dict[str, BookedOrder] = field(default_factory=dict)
    _paid_out: dict[tuple[str, str], Money] = field(default_factory=dict)
    _cards: dict[tuple[str, str], Card] = field(init=False)

    def __post_init__(self) -> None:
        self._cards = {(code, card.account_no): card for code, bank in self.banks.items() for card in bank.cards}

    def replay(self, entry: dict[str, Any]) -> None:
        match entry.get("event"):
            case "taken":
                self._take(entry)
            case "settled":
                self._settle(self.orders[entry["serial_no"]], code=entry["code"], booked_at=entry["booked_at"])
            case "asked":
                self.orders[entry["serial_no"]].queries_left = entry["queries_left"]

    def balance(self, *, bank_code: str, account_no: str) -> Money:
        """What the fund's account holds. KeyError for an account of nobody."""
        opening = self.banks[bank_code].funds[account_no]
        return opening - self._paid_out.get((bank_code, account_no), Money.zero())

    def order(
        self,
        *,
        bank_code: str,
        body: PaymentBody,
        now: datetime,
        refuse_code: str | None = None,
        confirm_after: int = 0,
        then_code: str = CONFIRMED,
    ) -> BookedOrder:
        """Takes a payment order once: the same serial number with the same content gives what stands already.
        `refuse_code` refuses it whatever the accounts say; `confirm_after` keeps it in processing for that
        many queries, after which it ends by `then_code`. The result is not kept for a serial number that
        stands with other content."""
        digest = sm3_hex(canonical_json([bank_code, body.DeAcctNo, body.CrAcctNo, body.CrAcctName, body.Amt]))
        standing = self.orders.get(body.YWLSH)
        if standing is not None:
            if standing.digest == digest:
                return standing
            return BookedOrder(
                serial_no=body.YWLSH,
                digest=digest,
                bank_code=bank_code,
                payer_account_no=body.DeAcctNo,
                amount=read_amount(body.Amt),
                code=SERIAL_REUSED,
                bank_serial_no="",
                booked_at="",
            )
        refusal = refuse_code or self._refusal(bank_code=bank_code, body=body)
        waits = refusal is None and confirm_after > 0
        self._record(
            {
                "event": "taken",
                "serial_no": body.YWLSH,
                "digest": digest,
                "bank_code": bank_code,
                "payer_account_no": body.DeAcctNo,
                "amount": body.Amt,
                "code": refusal or PROCESSING,
                "bank_serial_no": f"{bank_code}{now:%Y%m%d}{len(self.orders) + 1:09d}",
                "queries_left": confirm_after if waits else 0,
                "then_code": then_code,
            }
        )
        order = self.orders[body.YWLSH]
        if order.code == PROCESSING and not waits:
            self._end(order, now=now)
        return order

    def ask(self, *, bank_code: str, serial_no: str, now: datetime) -> BookedOrder | None:
        """What stands under a serial number; each question brings an order in processing nearer to its
        end."""
        order = self.orders.get(serial_no)
        if order is None or order.bank_code != bank_code:
            return None
        if order.code == PROCESSING:
            if order.queries_left > 0:
                self._record({"event": "asked", "serial_no": serial_no, "queries_left": order.queries_left - 1})
            if order.queries_left == 0:
                self._end(order, now=now)
        return order

    def _refusal(self, *, bank_code: str, body: PaymentBody) -> str | None:
        bank = self.banks[bank_code]
        if body.DeAcctNo not in bank.funds:
            return NO_SUCH_PAYER
        if body.SettleType == "1" and body.CrBankCode != bank_code:
            return OTHER_BANK
        if self.balance(bank_code=bank_code, account_no=body.DeAcctNo) < read_amount(body.Amt):
            return NOT_COVERED
        card = self._cards.get((bank_code, body.CrAcctNo))
        if card is None:
            return None if bank.pays_anyone else NO_SUCH_ACCOUNT
        if card.state == "closed":
            return ACCOUNT_CLOSED
        if card.state == "frozen":
            return ACCOUNT_FROZEN
        return None if card.name == body.CrAcctName else NAME_DIFFERS

    def _end(self, order: BookedOrder, *, now: datetime) -> None:
        self._record(
            {
                "event": "settled",
                "serial_no": order.serial_no,
                "code": order.then_code,
                "booked_at": now.isoformat() if order.then_code == CONFIRMED else "",
            }
        )

    def _record(self, entry: dict[str, Any]) -> None:
        self.write(entry)
        self.replay(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        order = BookedOrder(
            serial_no=entry["serial_no"],
            digest=entry["digest"],
            bank_code=entry["bank_code"],
            payer_account_no=entry["payer_account_no"],
            amount=Money.parse(entry["amount"]),
            code=entry["code"],
            bank_serial_no=entry["bank_serial_no"],
            booked_at="",
            queries_left=entry["queries_left"],
            then_code=entry["then_code"],
        )
        self.orders[order.serial_no] = order

    def _settle(self, order: BookedOrder, *, code: str, booked_at: str) -> None:
        order.code, order.booked_at = code, booked_at
        if code == CONFIRMED:
            order.bookings += 1
            account = (order.bank_code, order.payer_account_no)
            self._paid_out[account] = self._paid_out.get(account, Money.zero()) + order.amount
