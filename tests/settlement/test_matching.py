"""The table of matching rules, and how texts of banks are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.kernel.money import Money
from domain.settlement import text
from domain.settlement.matching import REASON_NAMES, ExpectedFacts, ReceiptFacts, match

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("matching.yaml").read_text())["cases"]


def _keys(told: str | None) -> frozenset[bytes]:
    """A receipt is compared under every key: that of the expectation, and another."""
    key = _key(told)
    return frozenset() if key is None else frozenset({key, b"under another key " + key})


def _key(value: str | None) -> bytes | None:
    return value.encode() if value else None


@pytest.mark.requirement("R14.3")
@pytest.mark.requirement("R14.5")
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_matching(case: dict[str, Any]) -> None:
    expected = [
        ExpectedFacts(
            expectation_id=number,
            reference_no=one["ref"],
            amount=Money.parse(one["amount"]),
            payer_account=_key(one.get("account")),
            payer_name=_key(one.get("payer")),
        )
        for number, one in enumerate(case["expected"], start=1)
    ]
    told = case["receipt"]
    receipt = ReceiptFacts(
        amount=Money.parse(told["amount"]),
        in_remark=text.references(told.get("remark", "")),
        in_summary=text.references(told.get("summary", "")),
        payer_account=_keys(told.get("account")),
        payer_name=_keys(told.get("payer")),
    )
    found = match(receipt=receipt, expected=expected)
    met = next((one.reference_no for one in expected if one.expectation_id == found.expectation_id), None)
    result = case["result"]
    assert (found.outcome, found.reason, found.way, met) == (
        result["outcome"],
        result["reason"],
        result.get("by"),
        result.get("met"),
    )
    # the order in which expectations are found makes no difference
    assert match(receipt=receipt, expected=expected[::-1]) == found


def test_the_table_covers_every_reason_of_the_rules() -> None:
    of_receiving = {"account_unknown", "account_closed", "bank_reversal", "no_suspense"}
    assert {case["result"]["reason"] for case in CASES} == set(REASON_NAMES) - of_receiving


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("HJ20261101", ("HJ20261101",)),
        ("付HJ20261101，补缴BJ20261102", ("HJ20261101", "BJ20261102")),
        # what is marked comes first, wherever it stands
        ("单位100001公积金#LXH2026001#", ("LXH2026001", "100001")),
        ("ＨＪ２０２６１１０１", ("HJ20261101",)),
        ("HJ20261101 HJ20261101", ("HJ20261101",)),
        # shorter than six, longer than thirty-two
        ("AB12", ()),
        ("A" * 33, ()),
        ("住房公积金", ()),
        ("", ()),
    ],
)
def test_references_in_a_text(written: str, read: tuple[str, ...]) -> None:
    assert text.references(written) == read


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张*"), ("欧阳娜娜", "欧***"), ("北京晨曦科技有限公司", "北京晨曦科技有限公司"), ("", "")],
)
def test_natural_persons_are_masked_and_organisations_are_not(name: str, shown: str) -> None:
    assert text.shown_name(name) == shown
