"""What the exchange pages share: filters, names, tones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from backoffice.components import Problems, with_query
from backoffice.desk import Desk
from backoffice.directory import office_names
from backoffice.forms import choice_fields, day_range, filled, plain_fields
from backoffice.refusals import DATE_MALFORMED
from domain import exchange
from domain.exchange import ExchangeFilters
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal

PATH = "/backoffice/exchange"
READ, EXPORT = "exchange.read", "exchange.export"
TABS = (("交换记录", PATH), ("统计", f"{PATH}/figures"))
FIELDS = ("source", "kind", "state", "office", "employer", "month", "from", "to")
TONES = {"waiting": "waiting", "working": "active", "done": "good", "refused": "bad", "superseded": "quiet"}
NO_OFFICE = "未归属部门"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for: as given, as filters, and what is wrong with it."""

    given: dict[str, str]
    filters: ExchangeFilters
    problems: list[Refusal]
    offices: dict[str, str]

    def office(self, code: str) -> str:
        return self.offices.get(code, code) if code else NO_OFFICE


async def asked(desk: Desk) -> Asked:
    given = filled(desk.query, FIELDS)
    problems: list[Refusal] = []
    offices = await office_names()
    mine = desk.actor.office_codes
    seen = {code: name for code, name in offices.items() if not mine or code in mine}
    choices = {"source": exchange.SOURCE_NAMES, "kind": exchange.KIND_NAMES, "state": exchange.STATE_NAMES}
    choice_fields(given, {**choices, "office": seen}, problems)
    plain_fields(given, ("employer",), problems)
    first, last = day_range(given, "from", "to", problems)
    return Asked(
        given=given,
        filters=ExchangeFilters(
            source=given.get("source"),
            kind=given.get("kind"),
            state=given.get("state"),
            office_code=given.get("office"),
            employer=given.get("employer"),
            month=_month(given, problems),
            received_from=first,
            received_to=last,
        ),
        problems=problems,
        offices=offices if not mine else seen,
    )


def show(desk: Desk, template: str, found: Asked, *, here: str, **values: Any) -> Response:
    return desk.page(
        template,
        status=422 if found.problems else 200,
        tabs=[(name, with_query(target, **found.given), target == here) for name, target in TABS],
        given=found.given,
        choices={
            "source": exchange.SOURCE_NAMES,
            "kind": exchange.KIND_NAMES,
            "state": exchange.STATE_NAMES,
            "office": found.offices,
        },
        problems=Problems.of(found.problems),
        office_name=found.office,
        here=here,
        tones=TONES,
        may_export=desk.may(EXPORT),
        **values,
    )


def _month(given: dict[str, str], problems: list[Refusal]) -> YearMonth | None:
    if "month" not in given:
        return None
    try:
        return YearMonth.parse(given["month"])
    except ValueError:
        problems.append(Refusal(DATE_MALFORMED.code, "业务月份应如2026-11，请修改后重新查询。", "month"))
        return None
