"""What a form of the counter is: a function of R13 with its fields, what it does to money, and what carries it out.

One component shows, confirms and carries out all of them (`pages`); the face of the person at the counter is asked for
before (`backoffice.counter_faces`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from auth import face
from backoffice.desk import Desk
from backoffice.pages.collection.shared import PATH
from domain import contributions
from domain.contributions import EmployerStanding, ListView, StatementView
from domain.kernel.dates import YearMonth

HERE = f"{PATH}/counter"
STATEMENTS_READ, LISTS_READ = 50, 20
_JULY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The employer at the counter: how it stands, what waits for money, and its lists on their way."""

    employer: EmployerStanding
    statements: Sequence[StatementView]
    lists: Sequence[ListView]
    banks: Mapping[str, str]
    today: date

    def month_of_list(self, kind: str) -> YearMonth | None:
        """The month that a new list of the kind is for; None where each row names its own."""
        if kind == "change":
            return self.employer.month_of_changes(self.today)
        if kind == "annual_base":
            due = self.employer.next_due
            return YearMonth(due.year if due.month <= _JULY else due.year + 1, _JULY)
        return None

    def ready(self, kind: str) -> dict[str, str]:
        """Lists of the kind that can be submitted."""
        return {
            one.list_no: f"{one.list_no}（通过{one.accepted_count}，未通过{one.refused_count}）"
            for one in self.lists
            if one.kind == kind and one.state == "checked"
        }

    def open_statements(self) -> dict[str, str]:
        return {
            one.statement_no: f"{one.statement_no}（{one.month or '补缴'}，{one.amount.yuan_text}，{one.method_name}）"
            for one in self.statements
            if one.state == "open"
        }


async def counter_of(desk: Desk, employer: EmployerStanding) -> Counter:
    where: dict[str, Any] = {"actor": desk.actor, "employer_no": employer.employer_no}
    statements = await contributions.statements_of_employer(**where, first=STATEMENTS_READ, after=None)
    lists = await contributions.lists_of(**where, first=LISTS_READ, after=None)
    return Counter(
        employer=employer,
        statements=[one for one in statements.items if one.state in ("open", "collecting", "paid")],
        lists=[one for one in lists.items if one.state in ("checking", "checked", "applying")],
        banks=dict(await contributions.collection_banks()),
        today=desk.business_date,
    )


Options = Callable[[Counter], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`value` is what stands there at first; with `options` one of them is picked."""

    name: str
    label: str
    kind: Literal["text", "pick"] = "text"
    options: Options = field(default=lambda counter: {})
    value: Callable[[Counter], str] = field(default=lambda counter: "")
    hint: str = ""
    placeholder: str = ""
    long: bool = False
    most: int = 100


Facts = Sequence[tuple[str, str]]
Preview = Callable[[Desk, Counter], Awaitable[Facts]]
Carry = Callable[[Desk, Counter], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterForm:
    """`effect` is what follows, in words. With a `preview` the form is shown again with what it comes to and does
    nothing before that is confirmed. `list_kind`: the function submits a list, which is filled in on the same page."""

    function: str
    fields: tuple[Field, ...]
    effect: str
    done: str
    carry: Carry
    preview: Preview | None = None
    list_kind: str = ""

    @property
    def title(self) -> str:
        return face.counter_operations()[self.function].name

    @property
    def path(self) -> str:
        return f"{HERE}/{self.function.partition('.')[2].replace('_', '-')}"
