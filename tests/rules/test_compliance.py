"""合规证明: the table of what stands against a certificate, row by row."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.contributions.rules.compliance import ComplianceFacts, Enforcement, judge_certificate
from domain.kernel.dates import YearMonth

TODAY = date(2026, 11, 23)
ROWS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("compliance.yaml").read_text("utf-8"))


@pytest.mark.requirement("R04.2")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_table_of_certificates(row: dict[str, Any]) -> None:
    facts = ComplianceFacts(
        first=YearMonth.parse(row["first"]),
        paid_through=YearMonth.parse(row["paid"]) if row["paid"] else None,
        deferred=frozenset(YearMonth.parse(month) for month in row.get("deferred", [])),
        back_paid=frozenset(),
        pay_day=row.get("pay_day", 10),
        days=5,
        arrears=tuple(row.get("arrears", [])),
        enforcements=tuple(
            Enforcement(
                kind_name="行政处罚", document_no="京房金罚1", decided_on=on, settled_on=on if settled else None
            )
            for on, settled in row.get("enforced", [])
        ),
        business_date=TODAY,
    )
    found = judge_certificate(
        kind="listing_certificate" if row["kind"] == "listing" else "bankruptcy_certificate",
        start=YearMonth.parse(row["from"]),
        until=YearMonth.parse(row["until"]),
        has_ruling=row.get("ruling", False),
        facts=facts,
        months_max=36,
    )
    assert [one.code for one in found] == row["expect"]
    assert row.get("says", "") in "".join(one.message for one in found)
