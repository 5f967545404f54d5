"""Looking: the partners' books for the auditor, and what the house's tables say beside what the auditor expects."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from ops.simulation.auditor import Difference
from ops.simulation.world import World
from ops.wiring import prove_books

_CASE_NO = re.compile(r"[0-9]{8}C[0-9]{12}")
# Texts about agreements name no case.
_OF_AGREEMENT = re.compile("约定(将于|已)")
_PROCESSING, _CONFIRMED = "00001", "00000"


async def absorb(world: World) -> None:
    """What banks have newly written about payments."""
    for entry in world.stage.new_entries("bank"):
        match entry["event"]:
            case "taken" if entry["serial_no"] in world.auditor.treasury.orders:
                if entry["code"] != _PROCESSING:
                    world.auditor.treasury.bank_refused(serial=entry["serial_no"])
                world.refunds[entry["serial_no"]] = Money.parse(entry["amount"]).fen
            case "settled" if entry["serial_no"] in world.refunds:
                _refund_ended(world, entry)
            case "taken":
                number = _case_no(entry["summary"])
                world.orders[entry["serial_no"]] = (number, Money.parse(entry["amount"]).fen)
                if entry["code"] != _PROCESSING:
                    world.auditor.bank_refused(number=number)
            case "settled":
                number, fen = world.orders[entry["serial_no"]]
                if entry["code"] == _CONFIRMED:
                    world.auditor.bank_moved(number=number, fen=fen)
                else:
                    world.auditor.bank_refused(number=number)
            case "deposit_instructed":
                given, booked = entry["given"], datetime.fromisoformat(entry["booked_at"])
                _hold(
                    world.auditor.treasury.bank_instructed(
                        serial=given["YWLSH"],
                        code=entry["code"],
                        fen=Money.parse(given["Amt"]).fen,
                        on=business_date_of(booked),
                    )
                )
            case "batch_taken":
                _hold(world.auditor.treasury.bank_took(serial=entry["serial_no"], entry=entry))
            case "batch_over":
                world.auditor.treasury.bank_ended(serial=entry["serial_no"])
    for entry in world.stage.new_entries("evaluation"):
        body = entry["body"]
        world.auditor.grade_told(number=body["projectNo"], grade=int(body["satisfaction"]))


def _refund_ended(world: World, entry: dict[str, Any]) -> None:
    serial = entry["serial_no"]
    if entry["code"] == _CONFIRMED:
        _hold(world.auditor.treasury.bank_paid(serial=serial, fen=world.refunds[serial]))
    else:
        world.auditor.treasury.bank_refused(serial=serial)


def _hold(wrong: str | None) -> None:
    if wrong is not None:
        raise Difference(wrong)


async def compare(world: World, *, quiet: bool = False) -> None:
    """Every case, account and bank of the house's tables. Raises Difference."""
    admin, auditor, on = world.stage.admin, world.auditor, world.today
    rows = await admin.fetch("SELECT case_no, state FROM service_case ORDER BY case_no")
    states = {row["case_no"]: row["state"] for row in rows}
    if unknown := [number for number in states if number not in auditor.cases]:
        raise Difference(f"{len(unknown)} cases that nobody applied for: {unknown[0]}")
    for number in auditor.cases:
        if number not in states:
            raise Difference(f"{auditor.cases[number].name} has vanished")
        auditor.seen(number=number, state=states[number], on=on, quiet=quiet)
    rows = await admin.fetch(_INSTALMENTS)
    shown = {(row["account_no"], row["month"]): (row["amount_fen"], row["state"]) for row in rows}
    _hold(auditor.agreed.seen(shown=shown, treasury=auditor.treasury, on=on, quiet=quiet))
    rows = await admin.fetch("SELECT account_no, balance_fen, held_fen FROM account_balance ORDER BY account_no")
    if [row["account_no"] for row in rows] != sorted(auditor.accounts):
        raise Difference(f"{len(rows)} accounts have a balance, expected {len(auditor.accounts)}")
    for number, balance, held in rows:
        auditor.check_account(number=number, balance=balance, held=held, on=on, where="account_balance")
    await _compare_treasury(world, quiet=quiet)
    rows = await admin.fetch(_SUBJECTS)
    auditor.check_bank_subject(booked={row["auxiliary"]: int(row["fen"]) for row in rows if row["subject"] == "101"})
    auditor.check_suspense(fen=sum(-int(row["fen"]) for row in rows if row["subject"] == "21901"))
    for entry in world.stage.new_entries("sms"):
        if entry["event"] == "taken" and not _OF_AGREEMENT.search(entry["text"]):
            auditor.text_taken(number=_case_no(entry["text"]), text=entry["text"])
    if quiet:
        auditor.check_grades()


async def _compare_treasury(world: World, *, quiet: bool) -> None:
    admin, treasury = world.stage.admin, world.auditor.treasury
    rows = await admin.fetch(_ORDERS)
    if unknown := [row["serial_no"] for row in rows if row["serial_no"] not in treasury.orders]:
        raise Difference(f"{len(unknown)} orders of the centre that nobody approved: {unknown[0]}")
    for serial, state, interest in rows:
        _hold(treasury.order_seen(serial=serial, state=state, interest=interest, quiet=quiet))
    for serial, number, state in await admin.fetch(_BATCH_ITEMS):
        _hold(treasury.item_of_batch_seen(serial=serial, number=number, state=state, quiet=quiet))
    rows = await admin.fetch("SELECT employer_no, sum(open_fen)::bigint AS fen FROM suspense_share GROUP BY 1")
    shares = {row["employer_no"]: row["fen"] for row in rows}
    if shares != treasury.employers:
        raise Difference(f"suspense of employers is {shares}, expected {treasury.employers}")


async def prove() -> None:
    """Every invariant of every area, as `./dev verify` proves them."""
    broken = [f"{result.name} ({result.detail})" for result in await prove_books() if not result.holds]
    if broken:
        raise Difference(f"prove_books: {'; '.join(broken)}")


_ORDERS = """
SELECT p.serial_no, m.state, NULL::bigint AS interest FROM suspense_movement m JOIN payment p USING (payment_id)
UNION ALL
SELECT serial_no, state, interest_fen FROM deposit_order WHERE state NOT IN ('proposed', 'declined')
ORDER BY 1
"""
# Later payments of agreements hold nothing: they are posted at once.
_INSTALMENTS = """
SELECT account_no, from_period / 100 * 12 + from_period % 100 - 1 AS month, amount_fen, state FROM withdrawal
WHERE hold_id IS NULL ORDER BY 1, 2
"""
_BATCH_ITEMS = """
SELECT serial_no, item_no, i.state FROM bank_batch_item i JOIN bank_batch b USING (batch_id) ORDER BY 1, 2
"""


def _case_no(text: str) -> str:
    found = _CASE_NO.search(text)
    if found is None:
        raise Difference(f"a partner's book names no case: {text}")
    return found[0]


_SUBJECTS = """
SELECT subject, auxiliary, sum(CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END) AS fen
FROM ledger_line WHERE subject IN ('101', '21901') GROUP BY subject, auxiliary ORDER BY subject, auxiliary
"""
