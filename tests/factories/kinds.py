"""An application of every kind that its rule grants: who applies, what is declared, what the agencies say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.kernel import database
from domain.kernel.money import Money
from domain.withdrawals import Kind
from ops.demo.city import city
from tests.factories.agencies import Agencies
from tests.factories.people import account_no

CERTIFICATE = "京2020朝不动产权第0000501号"

_VALUES: dict[str, str] = {
    "rental_filing_no": "BJZL2026000501",
    "monthly_rent": "3000.00",
    "address": "朝阳区演示路9号院2栋3单元501",
    "contract_no": "YS2026000501",
    "certificate_no": CERTIFICATE,
    "cost": "80000.00",
    "own_payment": "6000.00",
    "invoice_no": "26110000000000000501",
    "loan_contract_no": "DK2026000501",
    "agreement_no": "HQ2026000501",
    "approval_no": "PZ2026000501",
    "document_no": "公证2026001",
    "share_percent": "100",
    "left_on": "2026-03-01",
}


@dataclass(frozen=True, kw_only=True)
class Granted:
    """`who` may apply for the kind while the agencies say `agencies`."""

    kind: Kind
    who: str
    agencies: Agencies
    given: dict[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """As the domain takes them."""
        typed: dict[str, Any] = {}
        for one in self.kind.fields:
            if one.code in self.given:
                value = self.given[one.code]
                typed[one.code] = (
                    Money.parse(value)
                    if one.type == "money"
                    else date.fromisoformat(value)
                    if one.type == "date"
                    else value
                )
        return typed

    def input(self) -> dict[str, Any]:
        """As the API takes them, by the names that `withdrawalKinds` says."""
        return {one.input: self.given[one.code] for one in self.kind.fields if one.code in self.given}


def granted(kind: Kind) -> Granted:
    """Only what is required is declared, and codes by their first choice."""
    given = {one.code: _VALUES.get(one.code, "") for one in kind.fields if one.code in kind.required}
    given |= {one.code: next(iter(one.options)) for one in kind.fields if one.options and one.code in kind.required}
    who, changes = "li_na", dict[str, Any]()
    if kind.subject == "estate":
        deceased = city().citizens["wang_qiang"]
        given |= {"deceased_name": deceased.name, "deceased_document_no": deceased.document_no}
        changes["died_on"] = date(2026, 10, 1)
    elif kind.closure:
        who = "liu_yang" if "01" not in kind.account_states else "zhang_wei"
        changes |= {"province": "37", "pension_since": date(2026, 9, 1)}
    elif "owner" in kind.conditions or "owner_or_relative" in kind.conditions:
        changes["homes"] = (CERTIFICATE,)
    if "contract_where_registered" in kind.conditions:
        changes |= {"contract_province": "13", "province": "13"}
    return Granted(kind=kind, who=who, agencies=Agencies(family=(who,), **changes), given=given)


async def prepare(one: Granted) -> None:
    """What the city's data lacks: an account sealed long ago, a person with a foreign document."""
    number = account_no(one.who)
    if "sealed_long_enough" in one.kind.conditions:
        await database.execute("UPDATE account SET paid_through_period = 202601 WHERE account_no = $1", number)
    if "foreign_document" in one.kind.conditions:
        await database.execute(
            "UPDATE person SET document_type = '03'"
            " WHERE person_id = (SELECT person_id FROM account WHERE account_no = $1)",
            number,
        )
