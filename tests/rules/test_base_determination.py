"""A wage declared with social security as a base of the fund, by date: a table that staff can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.contributions import determine_base
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.policy import PolicyMissing

pytestmark = pytest.mark.requirement("R01.7")
ROWS = yaml.safe_load(Path(__file__).with_name("base_determination.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=[row["note"] for row in ROWS])
def test_the_base_is_moved_within_the_limits_of_its_month(row: dict[str, Any]) -> None:
    found = determine_base(Money.parse(row["declared"]), month=YearMonth.parse(row["month"]))
    assert (str(found.base), found.by) == (row["base"], row["by"])


def test_a_month_without_limits_is_an_error_and_no_old_value() -> None:
    with pytest.raises(PolicyMissing):
        determine_base(Money.yuan(9000), month=YearMonth(2027, 7))
