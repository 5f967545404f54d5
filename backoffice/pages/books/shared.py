"""What the pages of the books share: which set and month is looked at, tabs, numbers in addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from backoffice.desk import Desk
from backoffice.forms import text
from backoffice.pages.funds.refusals import MONTH_MALFORMED
from backoffice.refusals import CHOICE_UNKNOWN, PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal, Refused
from domain.ledger import KIND_NAMES

PATH = "/backoffice/books"
READ, CLOSE, REOPEN, REVERSE = "books.read", "books.close", "books.reopen", "books.reverse"
DISTRIBUTE = "books.distribute"
TABS = (
    ("账务核对", PATH),
    ("科目余额", f"{PATH}/balances"),
    ("正式凭证", f"{PATH}/vouchers"),
    ("报表", f"{PATH}/statements"),
    ("结账", f"{PATH}/closing"),
)
STATES = {"open": ("未结账", "quiet"), "closed": ("已结账", "good"), "reopened": ("已反结账", "waiting")}
_NUMBER_MAX = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The set and month of a page, and what was wrong with them; then the first set and the running month stand."""

    sets: Mapping[str, str]
    standards: Mapping[str, str]
    account_set: str
    period: YearMonth
    problems: list[Refusal]

    @property
    def given(self) -> dict[str, str]:
        return {"set": self.account_set, "period": str(self.period)}

    @property
    def set_name(self) -> str:
        return self.sets[self.account_set]

    @property
    def is_maintenance(self) -> bool:
        """Whether the set has the statements of 财会〔2020〕7号."""
        return self.standards[self.account_set] == ledger.MAINTENANCE_STANDARD


async def chosen(desk: Desk, fields: Mapping[str, str] | None = None) -> Chosen:
    """From the address, or from a form's fields."""
    given = desk.query if fields is None else fields
    problems: list[Refusal] = []
    known = await ledger.account_sets()
    sets = {one.code: one.name for one in known}
    account_set = text(given, "set") or next(iter(sets))
    if account_set not in sets:
        problems.append(Refusal(CHOICE_UNKNOWN.code, CHOICE_UNKNOWN.message, "set"))
        account_set = next(iter(sets))
    period = YearMonth.of(desk.business_date)
    if month := text(given, "period"):
        try:
            period = YearMonth.parse(month)
        except ValueError:
            problems.append(Refusal(MONTH_MALFORMED.code, MONTH_MALFORMED.message, "period"))
    standards = {one.code: one.standard for one in known}
    return Chosen(sets=sets, standards=standards, account_set=account_set, period=period, problems=problems)


def number(desk: Desk, name: str) -> int:
    """A number in the path. Raises Refused for what is none."""
    given = str(desk.request.path_params[name])
    if not (given.isascii() and given.isdigit() and int(given) < _NUMBER_MAX):
        raise Refused(PAGE_NOT_FOUND)
    return int(given)


def show(desk: Desk, template: str, *, status: int = 200, **values: Any) -> Response:
    return desk.page(template, status=status, tabs=TABS, kinds=KIND_NAMES, **values)
