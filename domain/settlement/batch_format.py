"""Result files of batches (108), item by item. Pure.

Our assumption, because no bank's document is at hand: bars between fields, UTF-8 or GBK, and between the lines
`HEAD|批次流水号|笔数|总金额` and `TAIL|成功笔数|成功金额|失败笔数|失败金额|处理中笔数` one row an item:
序号|金额|结果码|主机流水号|入账日期. An item is there exactly once; the file is taken whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.kernel.money import Money

_CODE = re.compile(r"[0-9]{5}")
_SERIAL = re.compile(r"[0-9A-Za-z-]{1,40}")
DONE, WORKING = "00000", "00001"


class ResultFault(ValueError):
    """A result file that is not taken; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """`code` is the settlement system's return code."""

    item_no: int
    amount: Money
    code: str
    host_serial_no: str
    booked_on: date | None

    @property
    def state(self) -> Literal["confirmed", "rejected", "waiting"]:
        if self.code == DONE:
            return "confirmed"
        return "waiting" if self.code == WORKING else "rejected"


def parse_results(raw: bytes, *, serial_no: str, amounts: Mapping[int, Money]) -> list[ItemResult]:
    """The results of a batch whose items have these amounts by number. Raises ResultFault."""
    lines = _lines(raw)
    head, tail = lines[0].split("|"), lines[-1].split("|")
    if head[0] != "HEAD" or len(head) != 4:
        raise ResultFault("缺少文件头")
    if len(lines) < 2 or tail[0] != "TAIL" or len(tail) != 6:
        raise ResultFault("缺少文件尾，文件可能被截断")
    if head[1] != serial_no:
        raise ResultFault("不是该批次的结果")
    if head[2] != str(len(amounts)) or head[3] != str(Money(sum(one.fen for one in amounts.values()))):
        raise ResultFault("文件头的笔数或金额与批次不一致")
    results: dict[int, ItemResult] = {}
    for line_no, line in enumerate(lines[1:-1], start=2):
        result = _item(line, line_no)
        if result.item_no not in amounts:
            raise ResultFault(f"第{line_no}行的序号不属于该批次")
        if result.item_no in results:
            raise ResultFault(f"序号{result.item_no}重复")
        if result.amount != amounts[result.item_no]:
            raise ResultFault(f"序号{result.item_no}的金额与批次不一致")
        results[result.item_no] = result
    missing = amounts.keys() - results.keys()
    if missing:
        raise ResultFault(f"缺少序号{min(missing)}等{len(missing)}笔")
    _check_tail(tail, list(results.values()))
    return [results[number] for number in sorted(results)]


def _item(line: str, line_no: int) -> ItemResult:
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != 5:
        raise ResultFault(f"第{line_no}行应有5个栏目，实有{len(fields)}个")
    number, amount, code, serial, day = fields
    try:
        if not (number.isascii() and number.isdigit()) or _CODE.fullmatch(code) is None:
            raise ValueError
        parsed = Money.parse(amount)
        if str(parsed) != amount or parsed.fen <= 0:
            raise ValueError
        booked_on = date(int(day[:4]), int(day[4:6]), int(day[6:])) if len(day) == 8 and day.isdigit() else None
    except ValueError:
        raise ResultFault(f"第{line_no}行格式不正确") from None
    if code == DONE and (booked_on is None or _SERIAL.fullmatch(serial) is None):
        raise ResultFault(f"第{line_no}行成功却没有主机流水号或入账日期")
    return ItemResult(item_no=int(number), amount=parsed, code=code, host_serial_no=serial, booked_on=booked_on)


def _check_tail(tail: list[str], results: list[ItemResult]) -> None:
    done = [one.amount.fen for one in results if one.state == "confirmed"]
    refused = [one.amount.fen for one in results if one.state == "rejected"]
    working = sum(one.state == "waiting" for one in results)
    expected = [
        "TAIL",
        str(len(done)),
        str(Money(sum(done))),
        str(len(refused)),
        str(Money(sum(refused))),
        str(working),
    ]
    if [field.strip() for field in tail] != expected:
        raise ResultFault("文件尾的笔数或金额与各行不符")


def _lines(raw: bytes) -> list[str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            lines = raw.decode(encoding).replace("\r\n", "\n").split("\n")
        except UnicodeDecodeError:
            continue
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            return lines
        break
    raise ResultFault("文件没有内容，或编码不是UTF-8或GBK")
