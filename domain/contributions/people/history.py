"""What happened to an account outside of lists, and the account as the counter sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.contributions.accounts import AccountView, account_nos_of, account_of
from domain.contributions.people_refusals import ACCOUNT_OFFICE
from domain.contributions.persons import PersonView, person_by_id
from domain.contributions.refusals import ACCOUNT_NOT_FOUND
from domain.kernel import access, database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

KIND_NAMES = {
    "freeze": "冻结",
    "unfreeze": "解冻",
    "merge": "账户合并",
    "pool_in": "移入集中封存户",
    "pool_out": "移出集中封存户",
    "reversal": "汇缴冲正",
    "taken_back": "银行收回缴款",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    kind_name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDesk:
    """`others`: the person's other accounts; `in_pool`: kept in 集中封存户; `merged_into`: where it went."""

    account: AccountView
    person: PersonView
    others: tuple[AccountView, ...]
    in_pool: bool
    merged_into: int | None
    events: tuple[EventView, ...]


async def account_at_desk(*, actor: Actor, account_no: int, now: datetime) -> AccountDesk:
    """Masked, for staff of the account's department; the read is kept and shown to the person. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    row = await database.row(
        "SELECT a.person_id, a.office_code, a.merged_into, e.kind FROM account a JOIN employer e USING (employer_no)"
        " WHERE a.account_no = $1",
        account_no,
    )
    if row is None:
        raise Refused(ACCOUNT_NOT_FOUND())
    if actor.office_codes and row["office_code"] not in actor.office_codes:
        raise Refused(ACCOUNT_OFFICE())
    await access.record_read(
        None, actor=actor, person_id=row["person_id"], purpose="柜台办理归集业务", what=("账户状态", "账户余额"),
        subject=f"account:{account_no}", now=now,
    )  # fmt: skip
    events = await database.rows(
        "SELECT kind, before, after, reason, by_name, at FROM account_event WHERE account_no = $1 ORDER BY at DESC"
        " LIMIT 100",
        account_no,
    )
    numbers = await account_nos_of(person_id=row["person_id"])
    return AccountDesk(
        account=await account_of(account_no=account_no),
        person=await person_by_id(person_id=row["person_id"]),
        others=tuple([await account_of(account_no=number) for number in numbers if number != account_no]),
        in_pool=row["kind"] == "pool",
        merged_into=row["merged_into"],
        events=tuple(
            EventView(
                kind_name=KIND_NAMES.get(one["kind"], one["kind"]),
                **{name: one[name] for name in ("before", "after", "reason", "by_name", "at")},
            )
            for one in events
        ),
    )


async def keep_event(
    tx: Transaction, actor: Actor, *, account_no: int, kind: str, before: dict[str, object], after: dict[str, object],
    reason: str, now: datetime, voucher_id: int | None = None,
) -> None:  # fmt: skip
    """One line of the account's history outside of lists."""
    await tx.execute(
        "INSERT INTO account_event (account_no, event_id, kind, before, after, reason, voucher_id, by, by_name,"
        " channel, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        account_no,
        new_id(),
        kind,
        before,
        after,
        reason,
        voucher_id,
        actor.reference,
        actor.name,
        actor.channel,
        now,
    )
