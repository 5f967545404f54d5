"""集中封存户: where a department keeps sealed accounts that no employer looks after any more; one for each department.

An account leaves it when a new employer takes it over by a list (转入), or at the counter back to an employer, still
sealed. Locks: the account.
"""

from __future__ import annotations

from datetime import date, datetime

from domain.contributions.accounts import STATE_NAMES
from domain.contributions.employers.standing import COUNTER_ROLES, require_open, standing_of
from domain.contributions.numbers import take_numbers
from domain.contributions.people.history import keep_event
from domain.contributions.people_refusals import (
    ACCOUNT_OFFICE,
    EVENT_REASON,
    POOL_EXISTS,
    POOL_NONE,
    POOL_NOT_THERE,
    POOL_SEALED_ONLY,
    POOL_TARGET,
    POOL_THERE,
)
from domain.contributions.refusals import ACCOUNT_NOT_FOUND, OFFICE_UNKNOWN
from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.refusal import NOT_PERMITTED, Refused

SEALED = "02"


async def open_pool(*, actor: Actor, office_code: str, now: datetime, business_date: date) -> int:
    """Opens the pool of a department. Returns its employer's number. Raises Refused."""
    if not actor.has_role(Role.SUPERVISOR):
        raise Refused(NOT_PERMITTED())
    employer_no = await take_numbers(name="employer", count=1)
    async with transaction() as tx:
        # one at a time: nothing else keeps two from being opened together
        await tx.execute("SELECT pg_advisory_xact_lock(18542, hashtext($1))", office_code)
        name = await tx.value("SELECT name FROM management_office WHERE code = $1", office_code)
        if name is None:
            raise Refused(OFFICE_UNKNOWN())
        if actor.office_codes and office_code not in actor.office_codes:
            raise Refused(ACCOUNT_OFFICE.on("officeCode"))
        known = await pool_of(tx, office_code=office_code)
        if known is not None:
            raise Refused(POOL_EXISTS(employer_no=known))
        await tx.execute(
            "INSERT INTO employer (employer_no, name, uscc, office_code, state, opened_on, kind)"
            " VALUES ($1, $2, $3, $4, '01', $5, 'pool')",
            employer_no,
            f"{name}集中封存户",
            f"POOL{office_code}",
            office_code,
            business_date,
        )
        await audit.record(
            tx, actor=actor, action="pool.opened", subject=f"employer:{employer_no}", now=now,
            detail={"office": office_code},
        )  # fmt: skip
    return employer_no


async def pool_of(using: Executor, *, office_code: str) -> int | None:
    found: int | None = await using.value(
        "SELECT employer_no FROM employer WHERE kind = 'pool' AND office_code = $1 AND state <> '04' LIMIT 1",
        office_code,
    )
    return found


async def move_to_pool(*, actor: Actor, account_no: int, reason: str, request_key: str, now: datetime) -> int:
    """A sealed account into the pool of its department. Returns the pool's number. Raises Refused."""
    async with transaction() as tx:
        account, earlier = await _begun(
            tx, actor, account_no=account_no, reason=reason, request_key=request_key, operation="move_to_pool",
            given={}, now=now,
        )  # fmt: skip
        if earlier:
            return int(account["employer_no"])
        pool = await pool_of(tx, office_code=account["office_code"])
        if pool is None:
            raise Refused(POOL_NONE())
        if account["employer_no"] == pool:
            raise Refused(POOL_THERE())
        await _move(
            tx, actor, account, employer_no=pool, office_code=account["office_code"], kind="pool_in", reason=reason,
            request_key=request_key, now=now,
        )  # fmt: skip
        return pool


async def move_from_pool(
    *, actor: Actor, account_no: int, employer_no: int, reason: str, request_key: str, now: datetime
) -> int:
    """Back to an employer that is open, still sealed: it unseals the account by a list. Returns the employer's number.
    Raises Refused."""
    async with transaction() as tx:
        account, earlier = await _begun(
            tx, actor, account_no=account_no, reason=reason, request_key=request_key, operation="move_from_pool",
            given={"employer_no": employer_no}, now=now,
        )  # fmt: skip
        if earlier:
            return int(account["employer_no"])
        kind = await tx.value("SELECT kind FROM employer WHERE employer_no = $1", account["employer_no"])
        if kind != "pool":
            raise Refused(POOL_NOT_THERE())
        if await tx.value("SELECT kind FROM employer WHERE employer_no = $1", employer_no) == "pool":
            raise Refused(POOL_TARGET())
        standing = await standing_of(employer_no=employer_no, using=tx)
        require_open(standing)
        await _move(
            tx, actor, account, employer_no=employer_no, office_code=standing.office_code, kind="pool_out",
            reason=reason, request_key=request_key, now=now,
        )  # fmt: skip
        return employer_no


async def _begun(
    tx: Transaction, actor: Actor, *, account_no: int, reason: str, request_key: str, operation: str,
    given: dict[str, object], now: datetime,
) -> tuple[Record, bool]:  # fmt: skip
    """The account, locked, and whether the request was answered before. Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    account = await tx.row("SELECT * FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)
    if account is None:
        raise Refused(ACCOUNT_NOT_FOUND())
    if actor.office_codes and account["office_code"] not in actor.office_codes:
        raise Refused(ACCOUNT_OFFICE())
    begun = await idempotency.begin(
        tx, actor=actor, account_no=account_no, request_key=request_key, operation=operation,
        given={**given, "reason": reason}, now=now,
    )  # fmt: skip
    if begun is not None:
        return account, True
    if not 4 <= len(reason.strip()) <= 200:
        raise Refused(EVENT_REASON())
    if account["state"] != SEALED:
        raise Refused(POOL_SEALED_ONLY(state=STATE_NAMES[account["state"]]))
    return account, False


async def _move(
    tx: Transaction, actor: Actor, account: Record, *, employer_no: int, office_code: str, kind: str, reason: str,
    request_key: str, now: datetime,
) -> None:  # fmt: skip
    account_no = account["account_no"]
    await tx.execute(
        "UPDATE account SET employer_no = $2, office_code = $3 WHERE account_no = $1",
        account_no,
        employer_no,
        office_code,
    )
    await keep_event(
        tx, actor, account_no=account_no, kind=kind, before={"employer_no": str(account["employer_no"])},
        after={"employer_no": str(employer_no)}, reason=reason.strip(), now=now,
    )  # fmt: skip
    await audit.record(
        tx, actor=actor, action=f"account.{kind}", subject=f"account:{account_no}", now=now,
        detail={"before": str(account["employer_no"]), "after": str(employer_no)},
    )  # fmt: skip
    await idempotency.finish(tx, actor=actor, account_no=account_no, request_key=request_key, result={})
