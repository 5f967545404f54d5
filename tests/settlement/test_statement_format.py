"""Statement files: what is absorbed, and what is refused whole with the line that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.statement_format import FAULTS_TOLD_MAX, RowFault, parse_row, parse_statement
from tests.settlement.files import row, statement

GOOD = statement(("S1", "500.00", "HJ20261101"), ("S2", "-200.00", "P1"), ("S3", "0.01", ""), ("S4", "99.99", "利息"))


def lines_of(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


def refusals(raw: bytes) -> list[str]:
    with pytest.raises(Refused) as refused:
        parse_statement(raw)
    return [refusal.message for refusal in refused.value.refusals]


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_good_statement_is_read_in_each_encoding(encoding: str) -> None:
    read = parse_statement(GOOD.encode(encoding))
    assert (read.account_number, read.day.isoformat(), read.notes) == ("0200000109000000001", "2026-11-23", ())
    assert (read.opening, read.closing) == (Money.yuan(1000), Money.yuan(1400))
    assert (read.received, read.paid) == (Money.yuan(600), Money.yuan(200))
    first = read.rows[0]
    assert (first.host_serial_no, first.amount, first.balance) == ("S1", Money.yuan(500), Money.yuan(1500))
    assert (first.counterparty_name, first.counterparty_bank_no) == ("北京晨曦科技有限公司", "102100099996")
    assert (first.remark, first.summary, first.booked_time, first.reversal) == ("HJ20261101", "转账", "101500", False)


def test_a_day_without_movements_is_a_statement() -> None:
    read = parse_statement(statement().encode())
    assert (read.rows, read.opening, read.closing) == ((), Money.yuan(1000), Money.yuan(1000))


def test_lines_out_of_order_are_put_in_order_and_told() -> None:
    head, *middle, tail = lines_of(GOOD)
    read = parse_statement("\n".join([head, *reversed(middle), tail]).encode())
    assert [one.sequence for one in read.rows] == [1, 2, 3, 4]
    assert read.notes == ("流水未按序号排列，已重新排序",)


def test_a_line_repeated_word_for_word_counts_once_and_is_told() -> None:
    head, *middle, tail = lines_of(GOOD)
    read = parse_statement("\r\n".join([head, *middle, middle[1], tail]).encode())
    assert ([one.host_serial_no for one in read.rows], read.notes) == (["S1", "S2", "S3", "S4"], ("忽略重复的流水1笔",))


def _changed(number: int, field: int, value: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        changed = list(lines)
        fields = changed[number].split("|")
        fields[field] = value
        changed[number] = "|".join(fields)
        return changed

    return change


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda lines: lines[1:], "缺少文件头"),
        (lambda lines: lines[:-1], "缺少文件尾，文件可能被截断"),
        (lambda lines: lines[:1], "缺少文件尾，文件可能被截断"),
        (lambda lines: [], "文件没有内容"),
        (lambda lines: [*lines[:2], *lines[3:]], "第3行之前缺少序号2"),
        (lambda lines: [*lines[:4], lines[-1]], "文件尾为4笔，实有3笔"),
        (_changed(3, 0, "2"), "第4行序号2重复且内容不同"),
        (_changed(2, 0, "0"), "第3行序号不是正整数"),
        (_changed(2, 1, "1100000109000000003"), "第3行账号与文件头不一致"),
        (_changed(2, 2, "S1"), "第3行主机流水号S1重复"),
        (_changed(2, 2, ""), "第3行主机流水号格式不正确"),
        (_changed(2, 6, "-200.0"), "第3行金额不是两位小数的金额"),
        (_changed(2, 6, "-2,00.00"), "第3行金额不是两位小数的金额"),
        (_changed(2, 6, "0.00"), "第3行金额为零"),
        (_changed(2, 6, "-201.00"), "第3行余额应为1299.00，与上一行余额和本行金额不符"),
        (_changed(2, 7, "20261131"), "第3行日期不是有效的年月日"),
        (_changed(2, 7, "20261122"), "第3行日期与文件头不一致"),
        (_changed(2, 8, "246000"), "第3行时间不是有效的时分秒"),
        (_changed(2, 12, "840"), "第3行币别不是人民币"),
        (_changed(2, 14, "1300.01"), "第3行余额应为1300.00，与上一行余额和本行金额不符"),
        (_changed(2, 20, "Y"), "第3行冲正标识不是0或1"),
        (_changed(2, 11, "a|b"), "第3行应有23个栏目，实有24个"),
        (_changed(2, 11, "\x07"), "第3行含有控制字符"),
        (_changed(0, 3, "1000"), "期初余额不是两位小数的金额"),
        (_changed(0, 4, "840"), "币别不是人民币"),
        (_changed(-1, 2, "600.01"), "收入合计应为600.01，各行相加为600.00"),
        (_changed(-1, 3, "0.00"), "支出合计应为0.00，各行相加为200.00"),
        (_changed(-1, 4, "1400.01"), "期初余额加收入减支出不等于期末余额"),
        (_changed(-1, 1, "x"), "文件尾的笔数不是数字"),
    ],
)
def test_a_spoiled_statement_is_refused_whole(spoil: Callable[[list[str]], list[str]], told: str) -> None:
    raw = "\n".join(spoil(lines_of(GOOD))).encode()
    assert f"对账单未导入：{told}" in refusals(raw)[0]


@pytest.mark.requirement("R14.4")
def test_a_file_cut_anywhere_is_refused() -> None:
    for encoding in ("utf-8", "gbk"):
        whole = GOOD.rstrip("\n").encode(encoding)
        # the last amount's decimals are the last that can be missed
        for at in range(len(whole)):
            assert refusals(whole[:at])


def test_every_fault_is_told_up_to_a_limit() -> None:
    bad = [row(number, "坏", "1.00", "1.00") for number in range(1, 31)]
    told = refusals(
        "\n".join(["HEAD|0200000109000000001|20261123|0.00|156", *bad, "TAIL|30|30.00|0.00|30.00"]).encode()
    )
    assert len(told) == FAULTS_TOLD_MAX
    assert told[0] == "对账单未导入：第2行主机流水号格式不正确。请向银行重新下载完整文件后再导入。"


def test_bytes_of_no_encoding_are_refused() -> None:
    assert "编码不是UTF-8或GBK" in refusals(b"HEAD|\xff\xff\xff")[0]


def test_a_row_is_not_written_into_logs_with_its_payer() -> None:
    read = parse_row(row(1, "S1", "5.00", "5.00"))
    assert repr(read) == "Row(1, S1, 5.00)"
    with pytest.raises(RowFault) as fault:
        parse_row("北京晨曦科技有限公司|1")
    assert "晨曦" not in str(fault.value)
