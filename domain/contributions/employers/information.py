"""An employer's own information as its agent sees it; the collection account stays masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.contributions.employers.standing import require_employer
from domain.kernel import database
from domain.kernel.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationView:
    address: str
    postcode: str
    phone: str
    email: str
    pay_day: int
    collection_account: str | None
    collection_day: int | None

    def __getitem__(self, name: str) -> object:
        """By the name of a field, as a form asks."""
        return getattr(self, name)


async def information_of(*, actor: Actor, employer_no: int) -> InformationView:
    """Raises Refused."""
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    row = await database.row(
        "SELECT address, postcode, phone, email, pay_day, collection_account_masked, collection_day"
        " FROM employer_account WHERE employer_no = $1",
        employer_no,
    )
    assert row is not None, f"employer {employer_no} has no account"
    return InformationView(
        **{name: row[name] for name in ("address", "postcode", "phone", "email", "pay_day", "collection_day")},
        collection_account=row["collection_account_masked"],
    )


async def collection_banks() -> list[tuple[str, str]]:
    """Code and name of the entrusted banks."""
    rows = await database.rows("SELECT code, name FROM entrusted_bank WHERE active ORDER BY code")
    return [(row["code"], row["name"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One line of an employer's history."""

    field: str
    before: str | None
    after: str | None
    by_name: str
    channel: str
    at: datetime


async def changes_of_employer(*, actor: Actor, employer_no: int, most: int = 100) -> list[ChangeView]:
    """The newest first (R01.6, R01.8). Raises Refused."""
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    rows = await database.rows(
        "SELECT field, before, after, changed_by_name, channel, changed_at FROM employer_change WHERE employer_no = $1"
        " ORDER BY changed_at DESC, change_id DESC LIMIT $2",
        employer_no,
        most,
    )
    return [
        ChangeView(
            field=row["field"],
            before=row["before"],
            after=row["after"],
            by_name=row["changed_by_name"],
            channel=row["channel"],
            at=row["changed_at"],
        )
        for row in rows
    ]
