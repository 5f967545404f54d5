"""The book of the simulated banks: accounts, and each payment order booked at most once.

Everything that moves money is written to the journal before it is answered, and the book is built from the
journal at start: a bank forgets nothing when its process dies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from channels.banks.batch_book import BatchBook
from channels.banks.deposit_book import DepositBook
from channels.banks.lines import AccountLine, AccountLines
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
    branches: tuple[tuple[str, str], ...] = ()
    """Union bank number (联行号) and name of each branch."""


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
    payee_account_no: str = ""
    payee_name: str = ""
    summary: str = ""
    payee_bank_code: str = ""


@dataclass(slots=True)
class BankBook:
    """`write` takes each journal entry, a JSON object; `replay` is called with those of earlier runs. Every movement
    is a line of its account in `lines`, whatever order brought it."""

    banks: dict[str, BankAccounts]
    write: Callable[[dict[str, Any]], None]
    orders: dict[str, BookedOrder] = field(default_factory=dict)
    lines: AccountLines = field(init=False)
    batches: BatchBook = field(init=False)
    deposits: DepositBook = field(init=False)
    _received: int = 0
    _cards: dict[tuple[str, str], Card] = field(init=False)

    def __post_init__(self) -> None:
        self._cards = {(code, card.account_no): card for code, bank in self.banks.items() for card in bank.cards}
        self.lines = AccountLines(
            {(code, number): opening for code, bank in self.banks.items() for number, opening in bank.funds.items()}
        )
        self.batches = BatchBook(lines=self.lines, write=self.write, decide=self.code_of)
        self.deposits = DepositBook(lines=self.lines, write=self.write)

    def replay(self, entry: dict[str, Any]) -> None:
        self.batches.replay(entry)
        self.deposits.replay(entry)
        match entry.get("event"):
            case "taken":
                self._take(entry)
            case "settled":
                self._settle(self.orders[entry["serial_no"]], code=entry["code"], booked_at=entry["booked_at"])
            case "asked":
                self.orders[entry["serial_no"]].queries_left = entry["queries_left"]
            case "received":
                self._receive(entry)

    def balance(self, *, bank_code: str, account_no: str) -> Money:
        """What the fund's account holds. KeyError for an account of nobody."""
        return self.lines.balance((bank_code, account_no))

    def receive(
        self,
        *,
        bank_code: str,
        account_no: str,
        amount: Money,
        payer_account_no: str,
        payer_name: str,
        now: datetime,
        payer_bank_no: str = "",
        remark: str = "",
        summary: str = "转账",
        reversal: bool = False,
    ) -> AccountLine:
        """Money that somebody pays in; negative, with `reversal`, money that the bank takes back. KeyError for an
        account of nobody."""
        _ = self.lines.balance((bank_code, account_no))
        self._received += 1
        serial = f"{bank_code}{now:%Y%m%d}R{self._received:08d}"
        self._record(
            {
                "event": "received",
                "bank_code": bank_code,
                "account_no": account_no,
                "host_serial_no": serial,
                "amount": str(amount),
                "payer_account_no": payer_account_no,
                "payer_name": payer_name,
                "payer_bank_no": payer_bank_no,
                "remark": remark,
                "summary": summary,
                "reversal": reversal,
                "booked_at": now.isoformat(),
                "number": self._received,
            }
        )
        line = self.lines.find((bank_code, account_no), serial)
        assert line is not None
        return line

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
                "payee_account_no": body.CrAcctNo,
                "payee_bank_code": body.CrBankCode,
                "payee_name": body.CrAcctName,
                "summary": body.Summary,
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
        if body.SettleType != "1":
            # another bank's customer: that bank is not ours to look into
            return None
        code = self.code_of(bank_code, body.CrAcctNo, body.CrAcctName)
        return None if code == CONFIRMED else code

    def code_of(self, bank_code: str, account_no: str, name: str) -> str:
        """What the bank says to money to or from a customer's account."""
        card = self._cards.get((bank_code, account_no))
        if card is None:
            return CONFIRMED if bank_code in self.banks and self.banks[bank_code].pays_anyone else NO_SUCH_ACCOUNT
        if card.state == "closed":
            return ACCOUNT_CLOSED
        if card.state == "frozen":
            return ACCOUNT_FROZEN
        return CONFIRMED if card.name == name else NAME_DIFFERS

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
            # journals of earlier versions do not have these
            payee_account_no=entry.get("payee_account_no", ""),
            payee_name=entry.get("payee_name", ""),
            summary=entry.get("summary", ""),
            payee_bank_code=entry.get("payee_bank_code", ""),
        )
        self.orders[order.serial_no] = order

    def _settle(self, order: BookedOrder, *, code: str, booked_at: str) -> None:
        order.code, order.booked_at = code, booked_at
        if code == CONFIRMED:
            order.bookings += 1
            self.lines.post(
                (order.bank_code, order.payer_account_no),
                AccountLine(
                    host_serial_no=order.bank_serial_no,
                    booked_at=datetime.fromisoformat(booked_at),
                    amount=-order.amount,
                    counterparty_account=order.payee_account_no,
                    counterparty_name=order.payee_name,
                    remark=order.serial_no,
                    summary=order.summary,
                ),
            )
            payee = (order.payee_bank_code, order.payee_account_no)
            if payee in self.lines:
                # one of the centre's own accounts: its line has what the payer wrote
                self.lines.post(
                    payee,
                    AccountLine(
                        host_serial_no=f"{order.bank_serial_no}C",
                        booked_at=datetime.fromisoformat(booked_at),
                        amount=order.amount,
                        counterparty_account=order.payer_account_no,
                        remark=order.summary,
                    ),
                )

    def _receive(self, entry: dict[str, Any]) -> None:
        self._received = max(self._received, entry["number"])
        self.lines.post(
            (entry["bank_code"], entry["account_no"]),
            AccountLine(
                host_serial_no=entry["host_serial_no"],
                booked_at=datetime.fromisoformat(entry["booked_at"]),
                amount=Money.parse(entry["amount"]),
                counterparty_account=entry["payer_account_no"],
                counterparty_name=entry["payer_name"],
                counterparty_bank_no=entry["payer_bank_no"],
                remark=entry["remark"],
                summary=entry["summary"],
                reversal=entry["reversal"],
            ),
        )
