"""The files that the simulated banks write, right or spoiled on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from channels.banks.lines import AccountLine
from domain.kernel.dates import SHANGHAI
from domain.kernel.money import Money

CUT_AT_PERCENT = 60


def movement_row(*, sequence: int, account_no: str, line: AccountLine, balance: Money) -> str:
    """One row of a statement or a notice, 23 fields."""
    local = line.booked_at.astimezone(SHANGHAI)
    fields = [
        str(sequence),
        account_no,
        line.host_serial_no,
        "SBDC",
        line.counterparty_account,
        line.counterparty_name,
        str(line.amount),
        f"{local:%Y%m%d}",
        f"{local:%H%M%S}",
        str(balance),
        account_no[:4],
        line.remark,
        "156",
        "0",
        str(balance),
        "0.00",
        "",
        "",
        line.counterparty_bank_no,
        line.summary,
        "1" if line.reversal else "0",
        "1",
        "1",
    ]
    return "|".join(fields)


def statement_file(
    *,
    account_no: str,
    day: date,
    opening: Money,
    lines: Sequence[AccountLine],
    spoil: str = "",
    encoding: str = "utf-8",
) -> bytes:
    """A day's statement. `spoil` is a key of SPOILED or empty. KeyError for another one."""
    balance, rows = opening, []
    for sequence, line in enumerate(lines, start=1):
        balance = balance + line.amount
        rows.append(movement_row(sequence=sequence, account_no=account_no, line=line, balance=balance))
    received = Money(sum(line.amount.fen for line in lines if line.amount.fen > 0))
    paid = Money(-sum(line.amount.fen for line in lines if line.amount.fen < 0))
    head = f"HEAD|{account_no}|{day:%Y%m%d}|{opening}|156"
    tail = f"TAIL|{len(rows)}|{received}|{paid}|{balance}"
    return _write([head, *rows, tail], spoil=spoil, encoding=encoding)


def result_file(*, serial_no: str, items: Sequence[tuple[int, Money, str, str, str]], spoil: str = "") -> bytes:
    """A batch's results: (number, amount, code, host serial number, day) an item."""
    done = [amount.fen for _, amount, code, _, _ in items if code == "00000"]
    working = sum(code == "00001" for _, _, code, _, _ in items)
    refused = [amount.fen for _, amount, code, _, _ in items if code not in ("00000", "00001")]
    total = Money(sum(amount.fen for _, amount, _, _, _ in items))
    head = f"HEAD|{serial_no}|{len(items)}|{total}"
    rows = [f"{number}|{amount}|{code}|{serial}|{day}" for number, amount, code, serial, day in items]
    tail = f"TAIL|{len(done)}|{Money(sum(done))}|{len(refused)}|{Money(sum(refused))}|{working}"
    return _write([head, *rows, tail], spoil=spoil, encoding="utf-8")


def _write(lines: list[str], *, spoil: str, encoding: str) -> bytes:
    if spoil == "cut":
        content = "\n".join(lines).encode(encoding)
        return content[: len(content) * CUT_AT_PERCENT // 100]
    if spoil:
        lines = SPOILED[spoil](lines)
    return ("\n".join(lines) + "\n").encode(encoding)


def _middle(lines: list[str]) -> int:
    return len(lines) // 2


def _without_middle(lines: list[str]) -> list[str]:
    return [line for number, line in enumerate(lines) if number != _middle(lines)]


def _middle_twice(lines: list[str]) -> list[str]:
    return [*lines[: _middle(lines) + 1], *lines[_middle(lines) :]]


def _middle_changed(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    def spoil(lines: list[str]) -> list[str]:
        return [change(line) if number == _middle(lines) else line for number, line in enumerate(lines)]

    return spoil


def _with_field(number: int, value: str) -> Callable[[str], str]:
    def change(line: str) -> str:
        fields = line.split("|")
        fields[number] = value
        return "|".join(fields)

    return change


SPOILED: dict[str, Callable[[list[str]], list[str]]] = {
    "missing_line": _without_middle,
    "duplicate_line": _middle_twice,
    "reordered": lambda lines: [lines[0], *reversed(lines[1:-1]), lines[-1]],
    "short_line": _middle_changed(lambda line: "|".join(line.split("|")[:-2])),
    "wrong_amount": _middle_changed(_with_field(6, "1.00")),
    "bad_amount": _middle_changed(_with_field(6, "1,00")),
    "bad_date": _middle_changed(_with_field(7, "20261332")),
    "wrong_total": lambda lines: [*lines[:-1], _with_field(2, "0.01")(lines[-1])],
    "no_head": lambda lines: lines[1:],
    "no_tail": lambda lines: lines[:-1],
    # of result files: amount is their second field
    "item_amount": _middle_changed(_with_field(1, "0.01")),
    "other_batch": lambda lines: [_with_field(1, "B1")(lines[0]), *lines[1:]],
}
