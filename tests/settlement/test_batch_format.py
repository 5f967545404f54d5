"""Result files of batches are taken whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from domain.kernel.money import Money
from domain.settlement.batch_format import ResultFault, parse_results

AMOUNTS = {1: Money(100_00), 2: Money(250_50), 3: Money(1)}
GOOD = """HEAD|B1|3|350.51
1|100.00|00000|H1|20261123
2|250.50|10003||
3|0.01|00001||
TAIL|1|100.00|1|250.50|1
"""


def read(text: str) -> list[tuple[int, str, str, date | None]]:
    results = parse_results(text.encode(), serial_no="B1", amounts=AMOUNTS)
    return [(one.item_no, one.state, one.host_serial_no, one.booked_on) for one in results]


def test_a_good_file_in_any_order() -> None:
    expected = [
        (1, "confirmed", "H1", date(2026, 11, 23)),
        (2, "rejected", "", None),
        (3, "waiting", "", None),
    ]
    assert read(GOOD) == expected
    head, *rows, tail = GOOD.strip().split("\n")
    assert read("\n".join([head, *reversed(rows), tail])) == expected


def replaced(old: str, new: str) -> Callable[[str], str]:
    assert old in GOOD
    return lambda text: text.replace(old, new, 1)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: "", "文件没有内容"),
        (replaced("HEAD|B1|3|350.51\n", ""), "缺少文件头"),
        (replaced("HEAD|B1", "HEAD|B2"), "不是该批次的结果"),
        (replaced("|3|350.51", "|2|350.51"), "文件头的笔数或金额与批次不一致"),
        (replaced("|3|350.51", "|3|350.52"), "文件头的笔数或金额与批次不一致"),
        (replaced("TAIL|1|100.00|1|250.50|1\n", ""), "缺少文件尾"),
        (replaced("2|250.50|10003||\n", ""), "缺少序号2等1笔"),
        (replaced("2|250.50|10003||", "1|100.00|00000|H1|20261123"), "序号1重复"),
        (replaced("2|250.50|10003||", "4|250.50|10003||"), "第3行的序号不属于该批次"),
        (replaced("2|250.50", "2|250.51"), "序号2的金额与批次不一致"),
        (replaced("2|250.50", "2|250.5"), "第3行格式不正确"),
        (replaced("|10003||", "|1000||"), "第3行格式不正确"),
        (replaced("20261123", "20261133"), "第2行格式不正确"),
        (replaced("|H1|", "||"), "第2行成功却没有主机流水号或入账日期"),
        (replaced("|20261123", "|"), "第2行成功却没有主机流水号或入账日期"),
        (replaced("3|0.01|00001||", "3|0.01|00001"), "第4行应有5个栏目，实有3个"),
        (replaced("TAIL|1|", "TAIL|2|"), "文件尾的笔数或金额与各行不符"),
        (replaced("250.50|1\n", "250.50|0\n"), "文件尾的笔数或金额与各行不符"),
    ],
)
def test_a_spoiled_file_is_not_taken(spoil: Callable[[str], str], told: str) -> None:
    with pytest.raises(ResultFault, match="^" + told.replace("|", "\\|")):
        read(spoil(GOOD))


def test_a_file_cut_anywhere_is_not_taken() -> None:
    whole = GOOD.rstrip("\n")
    for at in range(len(whole)):
        with pytest.raises(ResultFault):
            read(whole[:at])
