"""Actors of the demonstration city, for tests that call the domain itself."""

from __future__ import annotations

from domain.contributions.persons import document_index
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.identifiers import mask_name
from ops.demo.city import city


async def citizen(key: str, *, channel: str = "jingtong_h5", assurance: str = "real_name") -> Actor:
    """A citizen of `ops/demo/city.yaml`, logged in."""
    person = city().citizens[key]
    return Actor(
        kind="citizen",
        channel=channel,
        name=mask_name(person.name),
        person_id=await _person_id(person.document_no),
        assurance=assurance,  # type: ignore[arg-type]
    )


async def staff(login: str) -> Actor:
    """A member of staff; one who is also a citizen is known as both."""
    member = city().staff[login]
    row = await database.row("SELECT staff_id FROM staff WHERE login = $1", login)
    assert row is not None, f"no staff {login}"
    own = city().citizens[member.citizen].document_no if member.citizen else None
    return Actor(
        kind="staff",
        channel="backoffice",
        name=member.name,
        staff_id=row["staff_id"],
        person_id=await _person_id(own) if own else None,
        roles=frozenset(member.roles),
        office_codes=frozenset(member.offices),
        assurance="password",
    )


def account_no(key: str) -> int:
    account = city().citizens[key].account
    assert account is not None, f"{key} has no account"
    return int(account["account_no"])


async def card_id(key: str) -> int:
    found: int = await database.value("SELECT card_id FROM bank_card WHERE account_no = $1", account_no(key))
    return found


async def _person_id(document_no: str) -> int:
    index = document_index(document_type="01", document_no=document_no)
    found: int = await database.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
    return found
