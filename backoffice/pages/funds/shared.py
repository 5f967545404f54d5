"""What the funds desks share: fields of forms, saying beforehand what a form will do, and lists that are in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk
from backoffice.forms import FILTER_LENGTH_MAX, day_field, new_request_key, text
from backoffice.pages.funds.refusals import (
    AMOUNT_MALFORMED,
    AMOUNT_MISSING,
    BANKS_AWAY,
    CHOICE_MISSING,
    DAY_MISSING,
    NUMBER_MALFORMED,
    TEXT_MALFORMED,
)
from backoffice.refusals import PAGE_NOT_FOUND
from domain import settlement
from domain.kernel.money import Money
from domain.kernel.paging import Page, cut, decode_cursor
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import FundsGateway, ReceiptView, SettlementGateway

T = TypeVar("T")

PATH = "/backoffice/funds"
READ, OPERATE, EXPORT = "funds.read", "funds.operate", "funds.export"
PAGE_SIZE = 20
# The most rows that a desk reads where the domain gives a list whole; a page says so when there are more.
READ_MAX = 5_000
REASON_LENGTH_MAX = 2_000
_NUMBER_DIGITS_MAX = 18

TABS = (
    ("概览", PATH),
    ("到账通知", f"{PATH}/receipts"),
    ("暂收款", f"{PATH}/suspense"),
    ("手动入账", f"{PATH}/payments"),
    ("对账单", f"{PATH}/statements"),
    ("余额调节", f"{PATH}/adjustments"),
    ("定期与通知存款", f"{PATH}/deposits"),
    ("批量业务", f"{PATH}/batches"),
    ("资料维护", f"{PATH}/master"),
)
STATE_TONES = {
    "matched": "good",
    "differs": "waiting",
    "unknown": "waiting",
    "held": "bad",
    "booked": "good",
    "proposed": "waiting",
    "approved": "good",
    "rejected": "bad",
    "declined": "bad",
    "failed": "bad",
    "refused": "bad",
    "paying": "active",
    "prepared": "quiet",
    "sending": "active",
    "processing": "active",
    "confirmed": "good",
    "standing": "good",
    "ended": "quiet",
    "waiting": "quiet",
    "not_found": "waiting",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What was wrong with one form of a page and what was typed there; the page's other forms stay empty."""

    form: str = ""
    problems: Problems = field(default_factory=Problems)
    typed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, desk: Desk, form: str, refused: Refused) -> Trouble:
        return cls(form=form, problems=Problems.of(refused.refusals), typed=desk.form)

    def at(self, form: str) -> Problems:
        return self.problems if form == self.form else Problems()

    def kept(self, form: str, name: str, otherwise: str = "") -> str:
        return self.typed.get(name, otherwise) if form == self.form else otherwise

    @property
    def status(self) -> int:
        if not self.problems:
            return 200
        return 422 if any(refusal.field for refusal in self.problems.refusals) else 409


CALM = Trouble()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a form will do, told before it is done: `facts` are labels and values, `effect` is what follows."""

    title: str
    facts: Sequence[tuple[str, str]]
    effect: str
    back: str
    button: str = "确认提交"


def show(desk: Desk, template: str, *, trouble: Trouble = CALM, status: int | None = None, **values: Any) -> Response:
    """A page of these desks, with the tabs and what each of its forms needs."""
    return desk.page(
        template,
        status=trouble.status if status is None else status,
        tabs=TABS,
        trouble=trouble,
        request_key=new_request_key(),
        may_operate=desk.may(OPERATE),
        may_export=desk.may(EXPORT),
        tones=STATE_TONES,
        **values,
    )


def is_confirmed(desk: Desk) -> bool:
    return desk.form.get("confirmed") == "yes"


def confirmation(desk: Desk, intent: Intent) -> Response:
    """The same form again with what it will do; sent from there it does it."""
    hidden = {name: value for name, value in desk.form.items() if name != "confirmed"}
    return show(desk, "funds_confirm.html", intent=intent, hidden=hidden, action=desk.request.url.path)


def shown_again(refused: Refused, *codes: str) -> None:
    """Raises it again when the page it would be shown on is what the refusal denies."""
    if any(refusal.code in ("settlement.not_found", *codes) and not refusal.field for refusal in refused.refusals):
        raise refused


def path_number(desk: Desk, name: str) -> int:
    """A number in the address. Raises Refused for anything else: there is no such page."""
    given = str(desk.request.path_params[name])
    if not (given.isascii() and given.isdigit() and len(given) <= _NUMBER_DIGITS_MAX + 1):
        raise Refused(PAGE_NOT_FOUND)
    number = int(given)
    if number >= 2**63:
        raise Refused(PAGE_NOT_FOUND)
    return number


def on(refusal: Refusal, name: str) -> Refusal:
    return replace(refusal, field=name)


def amount_field(
    fields: Mapping[str, str], name: str, problems: list[Refusal], *, needed: bool = False
) -> Money | None:
    """An amount in yuan; a malformed one is added to the problems, and a missing one when it is needed."""
    given = text(fields, name)
    if given is None:
        if needed:
            problems.append(on(AMOUNT_MISSING, name))
        return None
    try:
        return Money.parse(given)
    except ValueError:
        problems.append(on(AMOUNT_MALFORMED, name))
        return None


def number_field(fields: Mapping[str, str], name: str, problems: list[Refusal]) -> int | None:
    """A number of ours, such as an employer's; a malformed one is added to the problems."""
    given = text(fields, name)
    if given is None:
        return None
    if given.isascii() and given.isdigit() and len(given) <= _NUMBER_DIGITS_MAX + 1 and int(given) < 2**63:
        return int(given)
    problems.append(on(NUMBER_MALFORMED, name))
    return None


def choice_field(fields: Mapping[str, str], name: str, offered: Iterable[str], problems: list[Refusal]) -> str:
    """One of what is offered; a missing or foreign one is added to the problems."""
    given = text(fields, name)
    if given is None or given not in offered:
        problems.append(on(CHOICE_MISSING, name))
        return ""
    return given


def needed_day(fields: Mapping[str, str], name: str, problems: list[Refusal]) -> date:
    """A day; a missing or malformed one is added to the problems."""
    if text(fields, name) is None:
        problems.append(on(DAY_MISSING, name))
    return day_field(fields, name, problems) or date.min


def reason_field(fields: Mapping[str, str], name: str, problems: list[Refusal]) -> str:
    """Free text for the domain to judge; what no store would take is added to the problems."""
    given = text(fields, name) or ""
    if len(given) > REASON_LENGTH_MAX or any(not one.isprintable() and one not in "\r\n\t" for one in given):
        problems.append(on(TEXT_MALFORMED, name))
    return given


def short_field(fields: Mapping[str, str], name: str, problems: list[Refusal]) -> str | None:
    given = text(fields, name)
    if given is not None and (len(given) > FILTER_LENGTH_MAX or not given.isprintable()):
        problems.append(on(TEXT_MALFORMED, name))
    return given


def refuse(problems: Sequence[Refusal]) -> None:
    if problems:
        raise Refused(*problems)


def gateway_of(desk: Desk) -> SettlementGateway:
    if desk.services.gateway is None:
        raise Refused(BANKS_AWAY)
    return desk.services.gateway


def funds_of(desk: Desk) -> FundsGateway:
    if desk.services.funds is None:
        raise Refused(BANKS_AWAY)
    return desk.services.funds


async def visible_receipt(desk: Desk, receipt_id: int) -> ReceiptView | None:
    """None for a receipt of another office: lists of the whole centre name it without showing it."""
    try:
        return await settlement.receipt(actor=desk.actor, receipt_id=receipt_id)
    except Refused:
        return None


def window(
    rows: Sequence[T],
    *,
    after: str | None,
    key: Callable[[T], list[int | str]],
    shape: tuple[type, ...],
    newest_first: bool = False,
) -> Page[T]:
    """A page of a list that is in memory, in the order it has. Raises Refused for a malformed cursor."""
    cursor = decode_cursor(after, shape=shape)
    if cursor is None:
        behind = list(rows)
    elif newest_first:
        behind = [row for row in rows if key(row) < cursor]
    else:
        behind = [row for row in rows if key(row) > cursor]
    return cut(rows=behind[: PAGE_SIZE + 1], first=PAGE_SIZE, total=len(rows), key=key)


DECISIONS = {"approve": "同意", "reject": "退回"}


def decision_of(fields: Mapping[str, str]) -> tuple[bool, str]:
    """Whether the second person agrees, and their note. Raises Refused when neither was chosen."""
    problems: list[Refusal] = []
    given = choice_field(fields, "decision", DECISIONS, problems)
    note = reason_field(fields, "note", problems)
    refuse(problems)
    return given == "approve", note
