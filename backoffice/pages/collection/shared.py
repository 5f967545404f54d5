"""What the pages of collection share: tabs, the employer that a page is about, a form's key."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import Response

from backoffice.desk import Desk
from backoffice.forms import new_request_key
from backoffice.pages.funds.refusals import MONTH_MALFORMED
from backoffice.pages.funds.shared import CALM, Trouble, on
from backoffice.refusals import PAGE_NOT_FOUND
from domain import contributions
from domain.contributions import EmployerStanding
from domain.contributions.refusals import RATE_STEP
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused

PATH = "/backoffice/collection"
READ, OPERATE = "collection.read", "collection.operate"
FILE_BYTES_MAX = 10 * 1024 * 1024
TABS = (
    ("待办", PATH),
    ("托收失败", f"{PATH}/failures"),
    ("银行收回款项", f"{PATH}/taken-back"),
    ("单位", f"{PATH}/employers"),
    ("柜面办理", f"{PATH}/counter"),
    ("个人账户", f"{PATH}/people"),
    ("证明与执法记录", f"{PATH}/papers"),
)


def show(desk: Desk, template: str, *, trouble: Trouble = CALM, status: int | None = None, **values: Any) -> Response:
    """A page of collection with what each of its forms needs."""
    return desk.page(
        template,
        status=trouble.status if status is None else status,
        tabs=TABS,
        trouble=trouble,
        request_key=new_request_key(),
        new_key=new_request_key,
        may_operate=desk.may(OPERATE),
        **values,
    )


def digits(given: str) -> int | None:
    """A number of ours as it was typed; None for anything else."""
    given = given.strip()
    if not (given.isascii() and given.isdigit() and len(given) <= 19):
        return None
    return number if (number := int(given)) < 2**63 else None


def number_field(desk: Desk, name: str) -> int:
    """A number that a form of ours carries. Raises Refused for what is none: no page of ours sends that."""
    number = digits(desk.form.get(name, ""))
    if number is None:
        raise Refused(PAGE_NOT_FOUND)
    return number


def month_field(desk: Desk, name: str) -> YearMonth:
    try:
        return YearMonth.parse(desk.form.get(name, "").strip())
    except ValueError:
        raise Refused(on(MONTH_MALFORMED, name)) from None


def percent_field(desk: Desk, name: str) -> int:
    """`12` as basis points. Raises Refused."""
    try:
        points = Decimal(desk.form.get(name, "").strip().rstrip("%％")) * 100
        if points != points.to_integral_value() or not 0 <= points <= 10_000:
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        raise Refused(on(RATE_STEP(step="1%"), name)) from None
    return int(points)


async def employer_asked(desk: Desk) -> tuple[EmployerStanding | None, Trouble]:
    """The employer named in the address or by the form that was sent, and what was wrong with its number; neither when
    none is named."""
    given = desk.form.get("employer_no") or desk.query.get("employer_no", "")
    if not given:
        return None, CALM
    try:
        standing = await contributions.standing_of(employer_no=digits(given) or 0)
    except Refused as refused:
        typed = {"employer_no": given[:20]}
        return None, Trouble(form="find", problems=Trouble.of(desk, "find", refused).problems, typed=typed)
    contributions.require_employer(
        desk.actor, employer_no=standing.employer_no, office_code=standing.office_code, scope="queries"
    )
    return standing, CALM
