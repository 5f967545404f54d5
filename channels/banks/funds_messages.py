"""Messages of the settlement system beyond single payments: files, batches, deposits and notices.

The transaction numbers are those of the system as used in production. What else stands here (bodies, element names,
Base64 for files and rows, files in parts with the SM3 of the whole) is our own assumption, as in `messages`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date

from channels.banks.messages import MalformedMessage
from domain.kernel.money import Money

TX_PROBE = "SYS600"
TX_BATCH_PAY, TX_BATCH_COLLECT = "BDC103", "BDC104"
TX_BATCH_RESULT, TX_BATCH_FILE = "BDC107", "BDC108"
TX_UNION_BANKS, TX_STATEMENT = "BDC112", "BDC113"
TX_FIXED_PLACE, TX_FIXED_DRAW, TX_ROLLOVER = "BDC114", "BDC115", "BDC116"
TX_NOTICE_PLACE, TX_NOTICE_DRAW, TX_NOTICE_SET, TX_NOTICE_CANCEL = "BDC117", "BDC118", "BDC119", "BDC120"
TX_NOTICE_QUERY, TX_FIXED_BALANCE, TX_DEMAND_BALANCE = "BDC121", "BDC122", "BDC123"
# whether an account is open in a name; the number is our own assumption
TX_ACCOUNT_CHECK = "BDC130"
TX_NOTIFY = "SBDC100"

DEPOSIT_TX: dict[tuple[str, str], str] = {
    ("fixed", "place"): TX_FIXED_PLACE,
    ("fixed", "draw"): TX_FIXED_DRAW,
    ("fixed", "set_rollover"): TX_ROLLOVER,
    ("notice", "place"): TX_NOTICE_PLACE,
    ("notice", "draw"): TX_NOTICE_DRAW,
    ("notice", "set_notice"): TX_NOTICE_SET,
    ("notice", "cancel_notice"): TX_NOTICE_CANCEL,
}

FILE_MESSAGE_BYTES_MAX = 2 * 1024 * 1024
PART_BYTES = 512 * 1024
PARTS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBody:
    Echo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBody:
    """103/104: the rows of `batch_rows` in Base64, and their SM3."""

    YWLSH: str
    BusType: str
    CentreAcctNo: str
    ItemCount: str
    TotalAmt: str
    BusDate: str
    FileDigest: str
    Content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStateBody:
    """Reply to 103, 104 and 107: DoneCount items have their result."""

    YWLSH: str
    ItemCount: str
    DoneCount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartQueryBody:
    """108 (Key is YWLSH), 112 (Key is a bank's code) and 113 (Key is the account): one part of a file. Day YYYYMMDD."""

    Key: str
    Day: str
    PartNo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBody:
    """A part, counted from 1; FileDigest is the SM3 of the whole file."""

    Key: str
    PartNo: str
    PartCount: str
    FileDigest: str
    Content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositBody:
    """114–120. What an instruction does not need is empty."""

    YWLSH: str
    Product: str
    DemandAcctNo: str
    DepositAcctNo: str
    CertNo: str
    Amt: str
    DrawDate: str
    Rollover: str
    BusDate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositResultBody:
    """Reply to 114–120, and to 110 for one of them. RatePpm in millionths a year; DepositLSH the deposit account's
    line."""

    YWLSH: str
    YHJSLSH: str
    DepositLSH: str
    BookDate: str
    CertNo: str
    RatePpm: str
    MatureDate: str
    Interest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCheckBody:
    """130, and its reply when the account is open in the name."""

    AcctNo: str
    AcctName: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceQueryBody:
    """121 and 122 (Key is the certificate), 123 (Key is the account)."""

    Key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceBody:
    Key: str
    Balance: str
    NoticeAmt: str
    NoticeDate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeBody:
    """SBDC100: RowCount rows of account movements in Base64, in UTF-8 or GBK."""

    RowCount: str
    Content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReplyBody:
    Taken: str


def pack(content: bytes) -> str:
    return base64.b64encode(content).decode()


def unpack(text: str) -> bytes:
    """Raises MalformedMessage."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessage("content is not Base64") from error


def read_day(text: str) -> date | None:
    """None when empty. Raises MalformedMessage unless YYYYMMDD."""
    if not text:
        return None
    try:
        if len(text) != 8 or not (text.isascii() and text.isdigit()):
            raise ValueError
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise MalformedMessage("not a day") from error


def read_money(text: str) -> Money | None:
    """An amount that may be nought; None when empty. Raises MalformedMessage."""
    if not text:
        return None
    try:
        amount = Money.parse(text)
    except ValueError as error:
        raise MalformedMessage("not an amount") from error
    if amount.fen < 0 or str(amount) != text:
        raise MalformedMessage("not an amount with two decimals")
    return amount


def read_count(text: str) -> int:
    """Raises MalformedMessage."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise MalformedMessage("not a count")
    return int(text)
