"""Rows of account movements as banks write them, in statements (113) and notices (SBDC100). Pure.

A row has 23 fields between bars, as used in production:
序号|账号|主机流水号|交易代码|对手账号|对手户名|金额|日期|时间|可用金额|开户机构|备注|币别|钞汇|余额|可透支|凭证种类|凭证号|对手行号|
摘要|冲正标识|笔号|册号

Our assumptions, because no bank's document is at hand: 金额 carries a minus for money that leaves the account, amounts
have two decimals, 余额 is the balance after the row, 币别 is 156, CNY or 01, 冲正标识 is 1 for a row that takes an
earlier one back; a statement file has one account and one day between the lines
`HEAD|账号|YYYYMMDD|期初余额|币别` and `TAIL|笔数|收入合计|支出合计|期末余额`, in UTF-8 or GBK.

What can be put right without guessing is absorbed and told (rows out of order, a row twice, a byte order mark); all
else is refused whole, with every fault by its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.settlement.refusals import STATEMENT_FILE, STATEMENT_LINE

FIELDS = 23
FAULTS_TOLD_MAX = 20
LINES_MAX = 200_000
RENMINBI = frozenset({"156", "CNY", "01"})

_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{2}")
_SERIAL = re.compile(r"[0-9A-Za-z-]{1,40}")
_NUMBER = re.compile(r"[0-9A-Z-]{5,32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class RowFault(ValueError):
    """A row that cannot be read; the text says what is wrong, in Chinese and without the row's content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One movement. `amount` is positive for money in, negative for money out."""

    sequence: int
    account_number: str
    host_serial_no: str
    counterparty_account: str
    counterparty_name: str
    counterparty_bank_no: str
    amount: Money
    balance: Money
    booked_on: date
    booked_time: str
    remark: str
    summary: str
    reversal: bool

    def __repr__(self) -> str:
        """Without the other party: rows end up in logs and traces."""
        return f"Row({self.sequence}, {self.host_serial_no}, {self.amount})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A whole day of one account, its arithmetic proved. `notes` say what was absorbed."""

    account_number: str
    day: date
    opening: Money
    closing: Money
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def received(self) -> Money:
        return Money(sum(row.amount.fen for row in self.rows if row.amount.fen > 0))

    @property
    def paid(self) -> Money:
        return Money(-sum(row.amount.fen for row in self.rows if row.amount.fen < 0))


def parse_row(text: str) -> Row:
    """Raises RowFault."""
    if _CONTROL.search(text):
        raise RowFault("含有控制字符")
    fields = [field.strip() for field in text.split("|")]
    if len(fields) != FIELDS:
        raise RowFault(f"应有{FIELDS}个栏目，实有{len(fields)}个")
    sequence, number, serial = fields[:3]
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) <= 9 and int(sequence) > 0):
        raise RowFault("序号不是正整数")
    if _NUMBER.fullmatch(number) is None:
        raise RowFault("账号格式不正确")
    if _SERIAL.fullmatch(serial) is None:
        raise RowFault("主机流水号格式不正确")
    if fields[12] not in RENMINBI:
        raise RowFault("币别不是人民币")
    if fields[20] not in ("", "0", "1"):
        raise RowFault("冲正标识不是0或1")
    amount = _amount(fields[6], "金额")
    if amount.fen == 0:
        raise RowFault("金额为零")
    return Row(
        sequence=int(sequence),
        account_number=number,
        host_serial_no=serial,
        counterparty_account=fields[4],
        counterparty_name=fields[5],
        counterparty_bank_no=fields[18],
        amount=amount,
        balance=_amount(fields[14], "余额"),
        booked_on=_day(fields[7]),
        booked_time=_time(fields[8]),
        remark=fields[11],
        summary=fields[19],
        reversal=fields[20] == "1",
    )


def parse_statement(raw: bytes) -> Statement:
    """Reads a statement file. Raises Refused with every fault found (at most FAULTS_TOLD_MAX)."""
    lines = _lines(raw)
    head, tail = lines[0].split("|"), lines[-1].split("|")
    if head[0] != "HEAD" or len(head) != 5:
        raise Refused(STATEMENT_FILE(problem="缺少文件头"))
    if len(lines) < 2 or tail[0] != "TAIL" or len(tail) != 5:
        raise Refused(STATEMENT_FILE(problem="缺少文件尾，文件可能被截断"))
    try:
        number, day, opening = head[1].strip(), _day(head[2].strip()), _amount(head[3].strip(), "期初余额")
        if head[4].strip() not in RENMINBI:
            raise RowFault("币别不是人民币")
        received, paid = _amount(tail[2].strip(), "收入合计"), _amount(tail[3].strip(), "支出合计")
        closing, told = _amount(tail[4].strip(), "期末余额"), tail[1].strip()
        if not (told.isascii() and told.isdigit()):
            raise RowFault("文件尾的笔数不是数字")
    except RowFault as fault:
        raise Refused(STATEMENT_FILE(problem=str(fault))) from None
    rows, notes = _rows(lines[1:-1], count=int(told))
    faults = _arithmetic(rows, number=number, day=day, opening=opening)
    statement = Statement(
        account_number=number,
        day=day,
        opening=opening,
        closing=closing,
        rows=tuple(row for _, row in rows),
        notes=tuple(notes),
    )
    if not faults:
        faults = _totals(statement, count=int(told), received=received, paid=paid)
    if faults:
        raise Refused(*faults[:FAULTS_TOLD_MAX])
    return statement


def _lines(raw: bytes) -> list[str]:
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise Refused(STATEMENT_FILE(problem="编码不是UTF-8或GBK，文件可能被截断"))
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise Refused(STATEMENT_FILE(problem="文件没有内容"))
    if len(lines) > LINES_MAX:
        raise Refused(STATEMENT_FILE(problem=f"超过{LINES_MAX}行"))
    return lines


def _rows(lines: list[str], *, count: int) -> tuple[list[tuple[int, Row]], list[str]]:
    """Rows with their line numbers, in the order of 序号; a row that stands there twice, word for word, once."""
    faults: list[Refusal] = []
    seen: dict[int, str] = {}
    rows: list[tuple[int, Row]] = []
    repeated = 0
    for line_no, line in enumerate(lines, start=2):
        try:
            row = parse_row(line)
        except RowFault as fault:
            faults.append(STATEMENT_LINE(line=line_no, problem=str(fault)))
            continue
        if row.sequence in seen:
            if seen[row.sequence] == line:
                repeated += 1
                continue
            faults.append(STATEMENT_LINE(line=line_no, problem=f"序号{row.sequence}重复且内容不同"))
            continue
        seen[row.sequence] = line
        rows.append((line_no, row))
    if faults:
        raise Refused(*faults[:FAULTS_TOLD_MAX])
    notes = [f"忽略重复的流水{repeated}笔"] if repeated else []
    ordered = sorted(rows, key=lambda pair: pair[1].sequence)
    if ordered != rows:
        notes.append("流水未按序号排列，已重新排序")
    for expected, (line_no, row) in enumerate(ordered, start=1):
        if row.sequence != expected:
            raise Refused(STATEMENT_LINE(line=line_no, problem=f"之前缺少序号{expected}"))
    if len(ordered) != count:
        raise Refused(STATEMENT_FILE(problem=f"文件尾为{count}笔，实有{len(ordered)}笔"))
    return ordered, notes


def _arithmetic(rows: list[tuple[int, Row]], *, number: str, day: date, opening: Money) -> list[Refusal]:
    faults: list[Refusal] = []
    serials: set[str] = set()
    balance = opening
    for line_no, row in rows:
        balance = balance + row.amount
        if row.account_number != number:
            faults.append(STATEMENT_LINE(line=line_no, problem="账号与文件头不一致"))
        elif row.booked_on != day:
            faults.append(STATEMENT_LINE(line=line_no, problem="日期与文件头不一致"))
        elif row.host_serial_no in serials:
            faults.append(STATEMENT_LINE(line=line_no, problem=f"主机流水号{row.host_serial_no}重复"))
        elif row.balance != balance:
            faults.append(STATEMENT_LINE(line=line_no, problem=f"余额应为{balance}，与上一行余额和本行金额不符"))
            balance = row.balance
        serials.add(row.host_serial_no)
    return faults


def _totals(statement: Statement, *, count: int, received: Money, paid: Money) -> list[Refusal]:
    faults = []
    if statement.received != received:
        faults.append(STATEMENT_FILE(problem=f"收入合计应为{received}，各行相加为{statement.received}"))
    if statement.paid != paid:
        faults.append(STATEMENT_FILE(problem=f"支出合计应为{paid}，各行相加为{statement.paid}"))
    if statement.opening + received - paid != statement.closing:
        faults.append(STATEMENT_FILE(problem="期初余额加收入减支出不等于期末余额"))
    return faults


def _amount(text: str, name: str) -> Money:
    if _AMOUNT.fullmatch(text) is None:
        raise RowFault(f"{name}不是两位小数的金额")
    return Money.parse(text)


def _day(text: str) -> date:
    try:
        if len(text) != 8 or not text.isascii() or not text.isdigit():
            raise ValueError
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise RowFault("日期不是有效的年月日") from None


def _time(text: str) -> str:
    try:
        if len(text) != 6 or not text.isascii() or not text.isdigit():
            raise ValueError
        time(int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise RowFault("时间不是有效的时分秒") from None
    return text
