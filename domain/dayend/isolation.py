"""Cutting numbers out of partitions, and naming what went wrong without its words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from domain.dayend.ports import Partition, StepFailed
from domain.kernel.refusal import Refused

EARLIER_DAY = "EARLIER_DAY"
EARLIER_STEP = "EARLIER_STEP"
CARRIED = {EARLIER_DAY: "前一业务日的异常未处理", EARLIER_STEP: "前面步骤的异常未处理"}
"""Kinds of exceptions that only follow from another: the number was left out because something before it is open."""

# What PostgreSQL's codes mean to whoever deals with an exception; the code stays beside the words for the engineers.
_WORDS = {
    "22003": "金额或积数超出系统可记录的范围",
    "23502": "必填数据缺失",
    "23503": "引用的资料不存在",
    "23505": "与已有数据重复",
    "23514": "数据不符合账务校验规则",
    "40001": "与其他业务同时处理，未能完成",
    "40P01": "与其他业务互相等待，未能完成",
    "55P03": "正被其他业务占用，未能完成",
    "57014": "处理超时",
    "HF001": "可用余额不足",
    "HF002": "同一业务已按不同内容入账",
    "HF003": "账户当前状态不能入账",
    "HF006": "所属月份已结账",
}

# What passes by itself: serialization, deadlock, a lock that was not free in time.
_PASSING = frozenset({"40001", "40P01", "55P03"})
_KIND_LENGTH_MAX = 80


def check_ranges(ranges: Sequence[Partition], *, step: str, business_date: date) -> None:
    """Partitions that overlap would do a row twice: a bug of the step."""
    ordered = sorted(ranges, key=lambda one: one.lo)
    for one in ordered:
        assert one.lo <= one.hi and one.rows >= 0, f"{step} on {business_date}: partition {one} is none"
    for earlier, later in pairwise(ordered):
        assert earlier.hi < later.lo, f"{step} on {business_date}: {earlier} and {later} overlap"


def carve(ranges: Iterable[Partition], *, without: Iterable[int]) -> list[Partition]:
    """The ranges without those numbers. The number of rows is shared by width, as nobody has counted again."""
    left_out = sorted(set(without))
    found: list[Partition] = []
    for whole in ranges:
        inside = [number for number in left_out if whole.lo <= number <= whole.hi]
        lo, rows = whole.lo, max(whole.rows - len(inside), 0)
        width = whole.hi - whole.lo + 1 - len(inside)
        given = 0
        for number in [*inside, whole.hi + 1]:
            if lo < number:
                share = rows - given if number > whole.hi else rows * (number - lo) // width
                found.append(Partition(no=whole.no, lo=lo, hi=number - 1, rows=share))
                given += share
            lo = number + 1
    return found


def halves(whole: Partition) -> tuple[Partition, Partition]:
    assert whole.lo < whole.hi, "a single number has no halves"
    middle = (whole.lo + whole.hi) // 2
    fewer = whole.rows // 2
    return (
        Partition(no=whole.no, lo=whole.lo, hi=middle, rows=fewer),
        Partition(no=whole.no, lo=middle + 1, hi=whole.hi, rows=whole.rows - fewer),
    )


def passes_by_itself(error: BaseException) -> bool:
    return getattr(error, "sqlstate", None) in _PASSING


def words_of(kind: str) -> str:
    """A kind of failure for people, in Chinese where it has words."""
    known = CARRIED.get(kind)
    if known is not None:
        return known
    words = _WORDS.get(kind.rpartition(" ")[2])
    return f"{words}（{kind}）" if words else kind


def kind_of(error: BaseException) -> str:
    """A failure by its class and code. Its words may quote a name or a number and are never kept."""
    if isinstance(error, StepFailed):
        return error.kind[:_KIND_LENGTH_MAX]
    if isinstance(error, Refused):
        return " ".join(refusal.code for refusal in error.refusals)[:_KIND_LENGTH_MAX]
    code = getattr(error, "sqlstate", None)
    name = type(error).__name__
    return f"{name} {code}" if code else name
