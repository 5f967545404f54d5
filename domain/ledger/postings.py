"""What a voucher says: lines on subjects, debit and credit (财综字〔1999〕33号)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from domain.kernel.money import Money

FUND_DEPOSIT = "101"
PROVIDENT_FUND = "201"

PROVIDENT_FUND_SET = "provident_fund"


class VoucherKind(StrEnum):
    """归集和提取业务类型, JGJ/T 320 A.5."""

    REMITTANCE = "01"
    BACK_PAYMENT = "02"
    TRANSFER_OUT = "07"
    TRANSFER_IN = "08"
    ANNUAL_INTEREST = "09"
    PARTIAL_WITHDRAWAL = "11"
    CLOSURE_WITHDRAWAL = "12"
    OTHER = "99"


KIND_NAMES = {
    "01": "汇缴",
    "02": "补缴",
    "07": "外部转出",
    "08": "外部转入",
    "09": "年终结息",
    "11": "部分提取",
    "12": "销户提取",
    "99": "其他",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a voucher. `auxiliary` (辅助项) names the entrusted bank on bank subjects."""

    subject: str
    side: Literal["D", "C"]
    amount: Money
    auxiliary: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "subject": self.subject,
            "side": self.side,
            "amount_fen": self.amount.fen,
            "auxiliary": self.auxiliary,
        }


def contribution_lines(*, amount: Money, bank_code: str) -> list[Line]:
    """汇缴/补缴: Dr 101, Cr 201."""
    return [
        Line(subject=FUND_DEPOSIT, side="D", amount=amount, auxiliary=bank_code),
        Line(subject=PROVIDENT_FUND, side="C", amount=amount),
    ]


def withdrawal_lines(*, amount: Money, bank_code: str) -> list[Line]:
    """提取: Dr 201, Cr 101."""
    return [
        Line(subject=PROVIDENT_FUND, side="D", amount=amount),
        Line(subject=FUND_DEPOSIT, side="C", amount=amount, auxiliary=bank_code),
    ]
