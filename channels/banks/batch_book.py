"""Batches at the simulated banks: each taken once, its items decided one by one, booked when the bank is through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.banks.lines import AccountLine, AccountLines
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money

DONE, WORKING = "00000", "00001"


@dataclass(slots=True, kw_only=True)
class BookedItem:
    item_no: int
    account_no: str
    name: str
    amount: Money
    code: str
    host_serial_no: str
    summary: str = ""
    booked_at: str = ""


@dataclass(slots=True, kw_only=True)
class BookedBatch:
    """`first` items are through at once, the others after `queries_left` questions."""

    serial_no: str
    digest: str
    direction: str
    bank_code: str
    centre_account_no: str
    items: list[BookedItem]
    queries_left: int
    first: int
    over: bool = False

    def shown(self, item: BookedItem) -> str:
        """The item's code as the bank tells it today."""
        return item.code if self.over or item.item_no <= self.first else WORKING


@dataclass(slots=True)
class BatchBook:
    """`write` takes journal entries, `decide` gives an item's return code: (bank, account, name) → code; `paid` hears
    of each item that was paid: (account, amount, remark)."""

    lines: AccountLines
    write: Callable[[dict[str, Any]], None]
    decide: Callable[[str, str, str], str]
    batches: dict[str, BookedBatch] = field(default_factory=dict)
    paid: Callable[[str, Money, str], None] | None = None

    def take(
        self,
        *,
        serial_no: str,
        direction: str,
        bank_code: str,
        centre_account_no: str,
        rows: list[list[str]],
        codes: Mapping[int, str],
        queries: int,
        first: int,
        now: datetime,
    ) -> BookedBatch | None:
        """Once for each serial number: the same content gives what stands; None for other content. `codes` overrule
        what the accounts say."""
        digest = sm3_hex(repr([direction, bank_code, centre_account_no, rows]).encode())
        standing = self.batches.get(serial_no)
        if standing is not None:
            return standing if standing.digest == digest else None
        items = [
            {
                "item_no": int(row[0]),
                "account_no": row[2],
                "name": row[3],
                "amount": row[4],
                "summary": row[5],
                "code": codes.get(int(row[0])) or self.decide(row[1], row[2], row[3]),
                "host_serial_no": f"{bank_code}{now:%Y%m%d}B{len(self.batches) + 1:04d}{int(row[0]):06d}",
            }
            for row in rows
        ]
        self._record(
            {
                "event": "batch_taken",
                "serial_no": serial_no,
                "digest": digest,
                "direction": direction,
                "bank_code": bank_code,
                "centre_account_no": centre_account_no,
                "items": items,
                "queries_left": queries,
                "first": first,
                "booked_at": now.isoformat(),
            }
        )
        return self.batches[serial_no]

    def ask(self, *, bank_code: str, serial_no: str, now: datetime) -> BookedBatch | None:
        """What stands; each question brings an unfinished batch nearer to its end."""
        batch = self.batches.get(serial_no)
        if batch is None or batch.bank_code != bank_code:
            return None
        if not batch.over:
            if batch.queries_left > 0:
                self._record({"event": "batch_asked", "serial_no": serial_no, "queries_left": batch.queries_left - 1})
            else:
                self._record({"event": "batch_over", "serial_no": serial_no, "booked_at": now.isoformat()})
        return batch

    def replay(self, entry: dict[str, Any]) -> None:
        match entry.get("event"):
            case "batch_taken":
                batch = BookedBatch(
                    serial_no=entry["serial_no"],
                    digest=entry["digest"],
                    direction=entry["direction"],
                    bank_code=entry["bank_code"],
                    centre_account_no=entry["centre_account_no"],
                    items=[BookedItem(**{**item, "amount": Money.parse(item["amount"])}) for item in entry["items"]],
                    queries_left=entry["queries_left"],
                    first=entry["first"],
                )
                self.batches[batch.serial_no] = batch
                self._book(batch, [item for item in batch.items if item.item_no <= batch.first], entry["booked_at"])
            case "batch_asked":
                self.batches[entry["serial_no"]].queries_left = entry["queries_left"]
            case "batch_over":
                batch = self.batches[entry["serial_no"]]
                self._book(batch, [item for item in batch.items if item.item_no > batch.first], entry["booked_at"])
                batch.over = True

    def results(self, batch: BookedBatch) -> list[tuple[int, Money, str, str, str]]:
        shown = []
        for item in batch.items:
            code = batch.shown(item)
            day = f"{datetime.fromisoformat(item.booked_at).astimezone(SHANGHAI):%Y%m%d}" if code == DONE else ""
            shown.append((item.item_no, item.amount, code, item.host_serial_no if code == DONE else "", day))
        return shown

    def _book(self, batch: BookedBatch, items: list[BookedItem], booked_at: str) -> None:
        for item in items:
            item.booked_at = booked_at
            if item.code != DONE:
                continue
            self.lines.post(
                (batch.bank_code, batch.centre_account_no),
                AccountLine(
                    host_serial_no=item.host_serial_no,
                    booked_at=datetime.fromisoformat(booked_at),
                    amount=item.amount if batch.direction == "collect" else -item.amount,
                    counterparty_account=item.account_no,
                    counterparty_name=item.name,
                    remark=batch.serial_no,
                    summary="批量收款" if batch.direction == "collect" else "批量付款",
                ),
            )
            if self.paid is not None and batch.direction == "pay":
                self.paid(item.account_no, item.amount, item.summary)

    def _record(self, entry: dict[str, Any]) -> None:
        self.write(entry)
        self.replay(entry)
