"""Changes that a thief would make first: of the phone that messages go to, and of the card that money goes to.

Each begins a cooling-off time, and sends a notice to the phone of before with a token: whoever did not make the change
says so, and is believed (`auth.interventions` suspends).
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain import policy
from domain.contributions.events import SENSITIVE_CHANGE
from domain.contributions.refusals import CHANGE_UNKNOWN, MOBILE_MALFORMED, MOBILE_SAME
from domain.kernel import audit, database, outbox, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3
from domain.kernel.identifiers import mask_mobile, new_id
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

Change = Literal["phone", "payee"]
CHANGE_NAMES: dict[str, str] = {"phone": "手机号码", "payee": "收款银行卡"}
_TOKEN_BYTES = 12
_MOBILE_DIGITS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitiveChange:
    person_id: int
    change_id: int
    kind: str
    made_at: datetime
    cools_until: datetime
    before_masked: str
    after_masked: str
    denied: bool

    @property
    def name(self) -> str:
        return CHANGE_NAMES[self.kind]


async def note_change(
    tx: Transaction, *, actor: Actor, person_id: int, kind: Change, before: str, after: str, now: datetime
) -> None:
    """Begins the cooling-off time and the notice, in the transaction of the change. `before` and `after` are masked.
    To be called before the phone is overwritten: the notice goes to the old one."""
    hours = int(policy.on(business_date_of(now)).number("identity.cooling_off_hours"))
    token, change_id = secrets.token_urlsafe(_TOKEN_BYTES), new_id()
    told = await tx.value("SELECT mobile_cipher FROM person WHERE person_id = $1", person_id)
    await tx.execute(
        "INSERT INTO sensitive_change (person_id, change_id, kind, made_at, cools_until, made_by, before_masked,"
        " after_masked, told_cipher, token_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        person_id,
        change_id,
        kind,
        now,
        now + timedelta(hours=hours),
        actor.reference,
        before,
        after,
        told,
        sm3(token.encode()),
    )
    payload: dict[str, object] = {
        "person_id": person_id,
        "change_id": change_id,
        "change": kind,
        "token": vault.current().encrypt(token).hex(),
    }
    # no account: the person's own number is the key of what belongs to the person alone
    await outbox.emit(tx, account_no=person_id, kind=SENSITIVE_CHANGE, payload=payload, now=now)
    await audit.record(
        tx,
        actor=actor,
        action=f"person.{kind}_changed",
        subject=f"person:{person_id}",
        now=now,
        detail={"before": before, "after": after},
    )


async def check_new_mobile(*, actor: Actor, mobile: str) -> tuple[str, int]:
    """The number without blanks, and the person who may be reached by it from now on. Raises Refused."""
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    mobile = mobile.strip()
    if not (len(mobile) == _MOBILE_DIGITS and mobile.isascii() and mobile.isdigit() and mobile[0] == "1"):
        raise Refused(MOBILE_MALFORMED())
    known = await database.value("SELECT mobile_cipher FROM person WHERE person_id = $1", actor.person_id)
    if known is not None and vault.current().decrypt(known) == mobile:
        raise Refused(MOBILE_SAME())
    return mobile, actor.person_id


async def change_mobile(
    *, actor: Actor, mobile: str, now: datetime, use_up: Callable[[Transaction], Awaitable[None]] | None = None
) -> SensitiveChange:
    """The citizen's own change of the phone that messages go to; that the phone is theirs was proved before
    (`auth.phones`), and `use_up` spends that proof in the same transaction. Raises Refused."""
    mobile, person_id = await check_new_mobile(actor=actor, mobile=mobile)
    async with database.transaction() as tx:
        known = await tx.value("SELECT mobile_cipher FROM person WHERE person_id = $1 FOR UPDATE", person_id)
        if known is not None and vault.current().decrypt(known) == mobile:
            raise Refused(MOBILE_SAME())
        if use_up is not None:
            await use_up(tx)
        await keep_mobile(tx, actor=actor, person_id=person_id, mobile=mobile, now=now)
    return (await changes_of(person_id=person_id, now=now))[0]


async def keep_mobile(tx: Transaction, *, actor: Actor, person_id: int, mobile: str, now: datetime) -> None:
    """Writes another phone, with notice and cooling-off when there was one before."""
    before = await tx.value("SELECT mobile_masked FROM person WHERE person_id = $1", person_id)
    if before is not None:
        await note_change(
            tx, actor=actor, person_id=person_id, kind="phone", before=before, after=mask_mobile(mobile), now=now
        )
    await tx.execute(
        "UPDATE person SET mobile_cipher = $2, mobile_masked = $3 WHERE person_id = $1",
        person_id,
        vault.current().encrypt(mobile),
        mask_mobile(mobile),
    )


async def follow_mobile(tx: Transaction, *, actor: Actor, person_id: int, mobile: str, now: datetime) -> None:
    """The phone that the identity platform names for a verified person: kept when it is another than before. A phone
    that the person chose here themselves stays while that choice has not cooled off."""
    row = await tx.row("SELECT mobile_cipher FROM person WHERE person_id = $1 FOR UPDATE", person_id)
    assert row is not None, f"person {person_id} is unknown"
    if row["mobile_cipher"] is not None and vault.current().decrypt(row["mobile_cipher"]) == mobile:
        return
    chosen = await tx.value(
        "SELECT 1 FROM sensitive_change WHERE person_id = $1 AND kind = 'phone' AND cools_until > $2", person_id, now
    )
    if chosen is None:
        await keep_mobile(tx, actor=actor, person_id=person_id, mobile=mobile, now=now)


async def changes_of(*, person_id: int, now: datetime) -> list[SensitiveChange]:
    """Changes that have not cooled off, the newest first."""
    rows = await database.rows(
        "SELECT * FROM sensitive_change WHERE person_id = $1 AND cools_until > $2"
        " ORDER BY made_at DESC, change_id DESC",
        person_id,
        now,
    )
    return [
        SensitiveChange(
            person_id=row["person_id"],
            change_id=row["change_id"],
            kind=row["kind"],
            made_at=row["made_at"],
            cools_until=row["cools_until"],
            before_masked=row["before_masked"],
            after_masked=row["after_masked"],
            denied=row["denied_at"] is not None,
        )
        for row in rows
    ]


async def notice_number(*, person_id: int, change_id: int) -> str | None:
    """The phone of before the change, where its notice goes; None without one."""
    sealed = await database.value(
        "SELECT told_cipher FROM sensitive_change WHERE person_id = $1 AND change_id = $2", person_id, change_id
    )
    return None if sealed is None else vault.current().decrypt(sealed)


async def change_of_token(*, token: str, now: datetime) -> SensitiveChange:
    """The change that a notice's token (`person-change-secret`) is about. Raises Refused for any other, and once it has
    cooled off."""
    person, _, rest = token.partition("-")
    change, _, secret = rest.partition("-")
    numbers = all(part.isascii() and part.isdigit() and len(part) <= 19 for part in (person, change))
    found = None
    if numbers:
        found = await database.row(
            "SELECT token_hash FROM sensitive_change WHERE person_id = $1 AND change_id = $2 AND cools_until > $3",
            int(person),
            int(change),
            now,
        )
    if found is None or not secrets.compare_digest(sm3(secret.encode()), found["token_hash"]):
        raise Refused(CHANGE_UNKNOWN())
    return next(one for one in await changes_of(person_id=int(person), now=now) if one.change_id == int(change))


async def deny_change(tx: Transaction, *, change: SensitiveChange, now: datetime) -> bool:
    """Marks a change as not the person's own; False when that was said before."""
    status = await tx.execute(
        "UPDATE sensitive_change SET denied_at = $3 WHERE person_id = $1 AND change_id = $2 AND denied_at IS NULL",
        change.person_id,
        change.change_id,
        now,
    )
    return status.endswith(" 1")
