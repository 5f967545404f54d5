"""Small statement files, written by hand so that each test sees what it spoils."""

from __future__ import annotations

from datetime import date

from domain.kernel.money import Money

NUMBER = "0200000109000000001"


def row(
    sequence: int,
    serial: str,
    amount: str,
    balance: str,
    *,
    number: str = NUMBER,
    day: str = "20261123",
    time: str = "101500",
    payer_account: str = "0200001009000000001",
    payer_name: str = "北京晨曦科技有限公司",
    payer_bank_no: str = "102100099996",
    remark: str = "",
    summary: str = "转账",
    currency: str = "156",
    reversal: str = "0",
) -> str:
    """One line of 23 fields."""
    return "|".join(
        [
            str(sequence), number, serial, "T01", payer_account, payer_name, amount, day, time, balance, "0102",
            remark, currency, "0", balance, "0.00", "", "", payer_bank_no, summary, reversal, "1", "1",
        ]
    )  # fmt: skip


def statement(
    *movements: tuple[str, str, str],
    opening: str = "1000.00",
    day: date = date(2026, 11, 23),
    number: str = NUMBER,
) -> str:
    """A whole file: (serial number, amount, remark) a movement."""
    balance, lines = Money.parse(opening), []
    for sequence, (serial, amount, remark) in enumerate(movements, start=1):
        balance = balance + Money.parse(amount)
        lines.append(row(sequence, serial, amount, str(balance), number=number, day=f"{day:%Y%m%d}", remark=remark))
    amounts = [Money.parse(amount) for _, amount, _ in movements]
    received = Money(sum(one.fen for one in amounts if one.fen > 0))
    paid = Money(-sum(one.fen for one in amounts if one.fen < 0))
    head = f"HEAD|{number}|{day:%Y%m%d}|{opening}|156"
    tail = f"TAIL|{len(movements)}|{received}|{paid}|{balance}"
    return "\n".join([head, *lines, tail]) + "\n"
