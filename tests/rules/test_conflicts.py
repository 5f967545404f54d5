"""The exclusion matrix, pair by pair (D01)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import pytest

from domain import catalogue
from domain.cases.conflicts import (
    MATRIX,
    RunningMatter,
    conflict_between,
    conflicts_among,
    load,
    matter_name,
    matters,
    ruling_of,
)
from domain.kernel.declared import DeclarationError

ALL = matters()


def running(matter: str) -> RunningMatter:
    return RunningMatter(matter=matter, case_no="20261123C200000000001", outlet="东城管理部")


def blocks(wanted: str, other: str) -> bool:
    return conflict_between(wanted=wanted, running=running(other)) is not None


def test_every_ordered_pair_has_a_ruling() -> None:
    assert {item.identifier for item in catalogue.items()} < set(ALL)
    assert len(ALL) == 45
    for wanted, other in product(ALL, ALL):
        ruling = ruling_of(wanted=wanted, running=other)
        assert ruling.effect in ("blocks", "allows")
        assert bool(ruling.reason) == ruling.stated
        assert blocks(wanted, other) == (ruling.effect == "blocks")


def test_both_ways_means_both_ways() -> None:
    for one, other in combinations(ALL, 2):
        ruling, reverse = ruling_of(wanted=one, running=other), ruling_of(wanted=other, running=one)
        assert ruling.both_ways == reverse.both_ways
        if ruling.both_ways:
            assert (ruling.effect, ruling.reason) == (reverse.effect, reverse.reason)


def test_one_way_pairs_are_exactly_these() -> None:
    uneven = {(a, b) for a, b in product(ALL, ALL) if blocks(a, b) and not blocks(b, a)}
    assert {other for _, other in uneven} == {"employee_change", "account_freeze"}
    assert ("rent_withdrawal", "employee_change") in uneven
    assert ("closure_withdrawal", "account_freeze") in uneven


@pytest.mark.parametrize(
    ("wanted", "other", "blocked"),
    [
        ("rent_withdrawal", "rent_withdrawal", True),
        ("rent_withdrawal", "purchase_in_city_withdrawal", True),
        ("rent_withdrawal", "hpf_loan_purchase_withdrawal", True),
        ("rent_withdrawal", "loan_offset", True),
        ("rent_withdrawal", "closure_withdrawal", True),
        ("rent_withdrawal", "account_transfer", True),
        ("rent_withdrawal", "account_merge", True),
        ("rent_withdrawal", "employee_change", True),
        ("rent_withdrawal", "account_freeze", True),
        ("rent_withdrawal", "remittance", False),
        ("rent_withdrawal", "back_payment", False),
        ("rent_withdrawal", "base_determination", False),
        ("rent_withdrawal", "contribution_certificate", False),
        ("rent_withdrawal", "loan_application", False),
        ("rent_withdrawal", "old_community_renovation_withdrawal", False),
        ("employee_change", "rent_withdrawal", False),
        ("account_freeze", "rent_withdrawal", False),
        ("closure_withdrawal", "remittance", True),
        ("remittance", "closure_withdrawal", True),
        ("account_transfer", "closure_withdrawal", True),
        ("remittance", "remittance", True),
        ("back_payment", "back_payment", False),
        ("base_determination", "remittance", True),
        ("contribution_rate_change", "base_determination", True),
        ("prepayment", "monthly_repayment_change", True),
        ("term_extension", "loan_offset", True),
        ("prepayment", "loan_certificate", False),
        ("commodity_housing_fund_draw", "rent_withdrawal", False),
    ],
)
def test_pairs_that_people_ask_about(wanted: str, other: str, blocked: bool) -> None:
    assert blocks(wanted, other) == blocked


def test_the_refusal_names_case_item_and_outlet() -> None:
    conflict = conflict_between(wanted="rent_withdrawal", running=running("loan_offset"))
    assert conflict is not None
    refusal = conflict.refusal()
    assert refusal.code == "case.blocked_by_running"
    assert refusal.message == (
        "冲还贷与提取不能同时办理。在途业务：冲还贷签约与终止（办件编号20261123C200000000001，受理网点：东城管理部）。"
        "请等待该业务办结，或先撤销该业务后再申请。"
    )


def test_all_conflicts_come_at_once_in_order() -> None:
    under_way = [running("remittance"), running("rent_withdrawal"), running("loan_offset")]
    found = conflicts_among(wanted="rent_withdrawal", running=under_way)
    assert [conflict.running.matter for conflict in found] == ["rent_withdrawal", "loan_offset"]
    assert conflicts_among(wanted="rent_withdrawal", running=[]) == ()


@pytest.mark.parametrize(
    "asked",
    [
        lambda: conflict_between(wanted="C20", running=running("rent_withdrawal")),
        lambda: conflict_between(wanted="rent_withdrawal", running=running("no_such_matter")),
        lambda: matter_name(""),
    ],
)
def test_unknown_matters_are_errors(asked: Callable[[], object]) -> None:
    with pytest.raises(LookupError):
        asked()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("default: allows", "default: perhaps", "neither blocks nor allows"),
        ("[old_community_renovation_withdrawal]", "[no_such_matter]", "unknown no_such_matter"),
        ("running: [loan_offset]", "running: [no_such_matter]", "unknown no_such_matter"),
        ("running: [loan_offset]", "running: [agreed_withdrawals]", "ruled twice"),
        ("effect: allows", "effect: maybe", "needs an effect"),
        ("reason: 冲还贷与提取不能同时办理", 'reason: ""', "needs an effect and a reason"),
    ],
)
def test_unsound_tables_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = MATRIX.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "conflicts.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        load(path=path)
