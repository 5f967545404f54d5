"""Interest and limits of deposits, by figures worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.banks.deposit_book import RATES_PPM, Certificate, owed
from domain.kernel.money import Money
from domain.settlement.deposit_rules import (
    PRODUCTS,
    Standing,
    accrued_share,
    accrued_through,
    earliest_draw,
    interest_of_draw,
    maturity,
    notice_draw_fault,
    place_fault,
    quarter_end,
)

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("deposit_interest.yaml").read_text())["cases"]


def ppm(percent: str) -> int:
    return int(Decimal(percent) * 10_000)


def standing(case: dict[str, Any]) -> Standing:
    product = PRODUCTS[case["product"]]
    notice = case.get("notice")
    return Standing(
        product=product,
        balance=Money.parse(case["amount"]),
        rate_ppm=ppm(case["rate"]),
        placed_on=case["placed"],
        matures_on=maturity(product=product, placed_on=case["placed"]),
        notice_amount=Money.parse(notice[0]) if notice else None,
        notice_draw_on=notice[1] if notice else None,
    )


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_interest(case: dict[str, Any]) -> None:
    drawn_on, amount = case["draw"]
    interest = interest_of_draw(
        deposit=standing(case),
        amount=Money.parse(amount),
        drawn_on=drawn_on,
        demand_ppm=ppm(case.get("demand", "0")),
    )
    assert str(interest) == case["interest"]


@pytest.mark.parametrize("product", [code for code in PRODUCTS if code != "DEMAND"])
@pytest.mark.parametrize("days", [0, 1, 6, 7, 89, 90, 365, 366, 1000, 2000])
def test_the_simulated_bank_reckons_the_same(product: str, days: int) -> None:
    """Two reckonings, written apart, agree to the fen."""
    placed, amount = date(2026, 1, 31), Money(123_456_789)
    drawn_on = date.fromordinal(placed.toordinal() + days)
    matures_on = maturity(product=PRODUCTS[product], placed_on=placed)
    notice = Money(100_000_000) if product[0] == "N" else None
    ours = interest_of_draw(
        deposit=Standing(
            product=PRODUCTS[product],
            balance=amount,
            rate_ppm=RATES_PPM[product],
            placed_on=placed,
            matures_on=matures_on,
            notice_amount=notice,
            notice_draw_on=drawn_on if notice else None,
        ),
        amount=amount,
        drawn_on=drawn_on,
        demand_ppm=RATES_PPM["DEMAND"],
    )
    theirs = owed(
        Certificate(
            number="CD1",
            bank_code="102",
            demand_account_no="1",
            deposit_account_no="2",
            product=product,
            balance=amount,
            placed_on=placed,
            matures_on=matures_on,
            rollover=False,
            notice_amount=notice,
            notice_draw_on=drawn_on if notice else None,
        ),
        amount=amount,
        day=drawn_on,
    )
    assert ours == theirs


def test_accrual_up_to_the_end_of_a_quarter() -> None:
    deposit = standing({"product": "N7D", "amount": "600000.00", "rate": "0.75", "placed": date(2026, 11, 11)})
    # 20 days of November and 31 of December, both ends counted: 600000 × 0.75% × 51 ÷ 360
    assert accrued_through(deposit=deposit, through=date(2026, 12, 31)) == Money.parse("637.50")
    assert accrued_through(deposit=deposit, through=date(2026, 11, 10)) == Money.zero()


def test_the_last_drawing_takes_all_that_was_accrued() -> None:
    third = accrued_share(accrued=Money(100), drawn=Money(100_000), balance=Money(300_000))
    assert third == Money(33)
    assert accrued_share(accrued=Money(67), drawn=Money(200_000), balance=Money(200_000)) == Money(67)


@pytest.mark.parametrize(
    ("placed", "product", "matures"),
    [
        (date(2026, 11, 30), "F03M", date(2027, 2, 28)),
        (date(2027, 11, 30), "F03M", date(2028, 2, 29)),
        (date(2026, 11, 23), "F60M", date(2031, 11, 23)),
        (date(2026, 11, 23), "N7D", None),
    ],
)
def test_maturity(placed: date, product: str, matures: date | None) -> None:
    assert maturity(product=PRODUCTS[product], placed_on=placed) == matures


@pytest.mark.parametrize(
    ("balance", "amount", "fault"),
    [
        ("600000.00", "600000.00", None),
        ("600000.00", "100000.00", None),
        ("600000.00", "99999.99", "部分支取不得低于100,000.00元"),
        ("600000.00", "100000.01", "支取后余额不得低于500,000.00元，请全部支取"),
    ],
)
def test_limits_of_a_part(balance: str, amount: str, fault: str | None) -> None:
    assert notice_draw_fault(balance=Money.parse(balance), amount=Money.parse(amount)) == fault


def test_limits_of_placing_and_days() -> None:
    assert place_fault(product=PRODUCTS["N7D"], amount=Money.parse("499999.99")) == Money.yuan(500_000)
    assert place_fault(product=PRODUCTS["N7D"], amount=Money.yuan(500_000)) is None
    assert place_fault(product=PRODUCTS["F12M"], amount=Money.yuan(9_999)) == Money.yuan(10_000)
    assert earliest_draw(product=PRODUCTS["N7D"], announced_on=date(2026, 12, 28)) == date(2027, 1, 4)
    assert [quarter_end(date(2026, month, 1)).isoformat() for month in (1, 3, 4, 9, 12)] == [
        "2026-03-31",
        "2026-03-31",
        "2026-06-30",
        "2026-09-30",
        "2026-12-31",
    ]
