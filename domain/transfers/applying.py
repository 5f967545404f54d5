"""转入申请: by the citizen, at the counter, or in the national mini-program; and taking it back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain import cases, contributions, policy
from domain.contributions import AccountView, Revealed
from domain.kernel import idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, rehearsal, transaction
from domain.kernel.identifiers import mask_card, new_case_no, new_id
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refusal, Refused
from domain.transfers import store, telling
from domain.transfers.refusals import (
    ACCOUNT_UNKNOWN,
    CANCEL_ASKED,
    CANCEL_TOO_LATE,
    NOT_FOUND,
    OTHER_ACCOUNT_MALFORMED,
    OTHER_OFFICE,
    PERSON_UNKNOWN,
)
from domain.transfers.rules import InFacts, Judged, judge_in
from domain.transfers.store import ITEM_CODE, MATTER, TransferView, view_of

_OTHER_ACCOUNT = re.compile(r"[0-9A-Za-z]{6,30}")
MINI_PROGRAM = "national_mini_program"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferIn:
    """`account_no` None: the person's only account here."""

    other_centre: str
    other_account: str
    account_no: int | None = None


async def apply_for_transfer_in(
    *, actor: Actor, wanted: TransferIn, request_key: str, business_date: date, now: datetime, dry_run: bool = False
) -> TransferView | None:
    """The citizen's own application. The same request key and input answers the transfer of the first time; with
    `dry_run` everything is judged and nothing stays. Raises Refused with every reason at once."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    return await _apply(
        actor=actor, person_id=actor.person_id, wanted=wanted, request_key=request_key, business_date=business_date,
        now=now, dry_run=dry_run,
    )  # fmt: skip


async def apply_at_counter(
    *,
    actor: Actor,
    document_no: str,
    wanted: TransferIn,
    request_key: str,
    business_date: date,
    now: datetime,
    dry_run: bool = False,
) -> TransferView | None:
    """接续平台转入申请: typed in by staff for the person who stands there. The page checks the right and the face.
    With `dry_run` everything is judged and nothing stays."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    person_id = await contributions.person_by_document(document_type="01", document_no=document_no.strip().upper())
    if person_id is None:
        raise Refused(PERSON_UNKNOWN())
    return await _apply(
        actor=actor, person_id=person_id, wanted=wanted, request_key=request_key, business_date=business_date,
        now=now, dry_run=dry_run,
    )  # fmt: skip


async def apply_from_mini_program(
    *,
    actor: Actor,
    name: str,
    document_type: str,
    document_no: str,
    wanted: TransferIn,
    request_key: str,
    business_date: date,
    now: datetime,
) -> TransferView:
    """An application that the national mini-program took for us. Raises Refused, which the platform is told."""
    person_id = await contributions.person_by_document(document_type=document_type, document_no=document_no)
    if person_id is None or (await contributions.clear_person(person_id=person_id)).name != name:
        raise Refused(PERSON_UNKNOWN())
    made = await _apply(
        actor=actor, person_id=person_id, wanted=wanted, request_key=request_key, business_date=business_date, now=now
    )
    assert made is not None
    return made


async def cancel_transfer(*, actor: Actor, transfer_no: str, request_key: str, now: datetime) -> TransferView:
    """撤销: before the letter at once, in state 01 when the platform agrees (903), later not at all. By the applicant,
    or by staff of the office for them."""
    place = await store.place_of(transfer_no=transfer_no)
    if place is None:
        raise Refused(NOT_FOUND())
    async with transaction() as tx:
        row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
        _require_own(actor, row)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=place[0], request_key=request_key, operation="cancel_transfer",
            given={"transfer_no": transfer_no}, now=now,
        )  # fmt: skip
        if begun is None:
            if row["state"] == "applied":
                row = await store.move(tx, row=row, action="withdraw", actor=actor, now=now)
            elif row["direction"] == "in" and row["state"] == "01":
                if row["cancel_asked_at"] is not None:
                    raise Refused(CANCEL_ASKED())
                row = await store.note_event(
                    tx, row=row, action="cancel_asked", actor=actor, note="等待平台确认", now=now
                )
                row = await store.change(tx, row=row, cancel_asked_at=now)
                await telling.queue(
                    tx, row=row, kind="cancel", body={"ConNum": row["letter_no"], "Reason": "职工撤销申请"}, now=now
                )
            else:
                raise Refused(CANCEL_TOO_LATE(state=view_of(row).state_name))
            await idempotency.finish(
                tx, actor=actor, account_no=place[0], request_key=request_key, result={"transfer_no": transfer_no}
            )
    return view_of(row)


async def _apply(
    *,
    actor: Actor,
    person_id: int,
    wanted: TransferIn,
    request_key: str,
    business_date: date,
    now: datetime,
    dry_run: bool = False,
) -> TransferView | None:
    account_no = await _account_of(person_id=person_id, wanted=wanted)
    given = {"other_centre": wanted.other_centre, "other_account": wanted.other_account, "account_no": account_no}
    async with rehearsal() if dry_run else transaction() as tx:
        await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", account_no)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="apply_for_transfer_in",
            given=given, now=now,
        )  # fmt: skip
        if begun is not None:
            place = await store.place_of(transfer_no=str(begun["transfer_no"]), using=tx)
            assert place is not None
            return view_of(await store.row_of(account_no=place[0], transfer_id=place[1], using=tx))
        await cases.require_on(channel=actor.channel, item=MATTER, using=tx)
        dated = policy.on(business_date).reading()
        account = await contributions.account_of(account_no=account_no, using=tx)
        centre_name = await _centre_name(tx, code=wanted.other_centre)
        judged = await _judge(tx, account=account, wanted=wanted, centre_name=centre_name, policy_reading=dated)
        if judged.refusals:
            raise Refused(*judged.refusals)
        row = await store.open_transfer(
            tx,
            columns={
                **await _columns(tx, account=account, wanted=wanted, person_id=person_id),
                "other_centre_name": centre_name,
                "channel": actor.channel,
                "explanation": list(judged.explanation),
                "policy_snapshot": dated.snapshot(),
                "transfer_no": new_case_no(business_date=business_date, item_code=ITEM_CODE),
                "due_on": policy.plus_working_days(business_date, days=dated.number("transfer.working_days")),
            },
            actor=actor,
            now=now,
        )
        await idempotency.finish(
            tx, actor=actor, account_no=account_no, request_key=request_key, result={"transfer_no": row["transfer_no"]}
        )
    return None if dry_run else view_of(row)


async def _account_of(*, person_id: int, wanted: TransferIn) -> int:
    """The person's account that is meant. Raises Refused for another's, in the same words as for none."""
    numbers = await contributions.account_nos_of(person_id=person_id)
    if wanted.account_no is not None:
        numbers = [number for number in numbers if number == wanted.account_no]
    standing = [(await contributions.account_of(account_no=number)) for number in numbers]
    usable = sorted(standing, key=lambda one: (one.state != "01", one.account_no))
    if not usable:
        raise Refused(ACCOUNT_UNKNOWN())
    return usable[0].account_no


async def _judge(
    tx: Executor, *, account: AccountView, wanted: TransferIn, centre_name: str | None, policy_reading: Any
) -> Judged:
    months = await contributions.months_contributed_consecutively(account_no=account.account_no, using=tx)
    judged = judge_in(
        facts=InFacts(
            account_state=account.state,
            account_state_name=account.state_name,
            months=months,
            centre_known=centre_name is not None,
            centre_is_ours=wanted.other_centre == policy_reading.text("transfer.centre_code"),
        ),
        policy=policy_reading,
    )
    others: list[Refusal] = []
    if _OTHER_ACCOUNT.fullmatch(wanted.other_account) is None:
        others.append(OTHER_ACCOUNT_MALFORMED())
    others += await cases.conflicts_of(account_no=account.account_no, item=MATTER, using=tx)
    return Judged(refusals=(*judged.refusals, *others), explanation=judged.explanation)


async def _columns(tx: Executor, *, account: AccountView, wanted: TransferIn, person_id: int) -> dict[str, Any]:
    person: Revealed = await contributions.clear_person(person_id=person_id, using=tx)
    return {
        "account_no": account.account_no,
        "transfer_id": new_id(),
        "direction": "in",
        "other_centre": wanted.other_centre,
        "person_id": person_id,
        **store.sealed_person(name=person.name, document_type=person.document_type, document_no=person.document_no),
        "other_account_cipher": vault.current().encrypt(wanted.other_account),
        "other_account_masked": mask_card(wanted.other_account),
        "office_code": account.office_code,
    }


async def _centre_name(tx: Transaction, *, code: str) -> str | None:
    found: str | None = await tx.value("SELECT name FROM centre_code WHERE code = $1 AND active", code)
    return found


def _require_own(actor: Actor, row: Record) -> None:
    if actor.is_citizen and actor.is_real_name:
        if row["person_id"] != actor.person_id or row["direction"] != "in":
            raise Refused(NOT_FOUND())
    elif actor.is_staff:
        if actor.office_codes and row["office_code"] not in actor.office_codes:
            raise Refused(OTHER_OFFICE())
    elif actor.kind != "system":
        raise Refused(NOT_PERMITTED())
