"""Opening a case, moving it along its flow, and cancelling it.

Every change of state goes through `advance`: it locks the row, asks the pinned flow, writes the history and the event
that other parts of the house hear of, all in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import catalogue
from domain.cases import conflicts, revocation, switches
from domain.cases.drafts import forget_draft
from domain.cases.events import CASE_CHANGED
from domain.cases.flows import latest_flow
from domain.cases.ports import Matters
from domain.cases.queries import CASE_ROW, case_by_no
from domain.cases.refusals import ACTION_NOT_POSSIBLE
from domain.cases.running import all_running
from domain.cases.signing import situation_of
from domain.cases.views import CaseView, case_view
from domain.kernel import audit, database, idempotency, outbox, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction, transaction
from domain.kernel.digest import canonical_json, plain
from domain.kernel.identifiers import new_case_no, new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """What an agency answered, to be kept with the case; `answer` is sealed at rest."""

    kind: str
    agency: str
    asked_at: datetime
    as_of: datetime | None
    outcome: str
    summary: str
    trace_no: str
    answer: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case about to be opened. `form` is what the applicant declared, without numbers of documents in the clear."""

    account_no: int
    item: str
    flow_name: str
    person_id: int
    applicant_masked: str
    office_code: str
    amount: Money
    form: dict[str, object]
    policy_snapshot: Mapping[str, object]
    explanation: list[dict[str, str]]
    flags: Sequence[str]
    checks: Sequence[CheckRecord]
    due_on: date
    business_date: date


async def conflicts_of(
    *, account_no: int, item: str, besides: str | None = None, using: Executor = database.pool
) -> list[Refusal]:
    """Refusals for every running case of the account that blocks the wanted item (D01), each naming the case. A case
    that is there already asks `besides` its own number."""
    running = [one for one in await all_running(account_no=account_no, using=using) if one.case_no != besides]
    return [conflict.refusal() for conflict in conflicts.conflicts_among(wanted=item, running=running)]


async def open_case(tx: Transaction, *, actor: Actor, new: NewCase, now: datetime) -> CaseView:
    """Writes the case with its checks and first history line; raises Refused only where the item is switched off
    on the actor's channel: all else the caller has judged."""
    item = catalogue.item(new.item)
    await switches.require_on(channel=actor.channel, item=new.item, using=tx)
    await forget_draft(tx, person_id=new.person_id, item=item.code)
    flow = latest_flow(new.flow_name)
    case_id = new_id()
    case_no = new_case_no(business_date=new.business_date, item_code=item.code)
    await tx.execute(
        "INSERT INTO case_no_lookup (case_no, account_no, case_id) VALUES ($1, $2, $3)",
        case_no,
        new.account_no,
        case_id,
    )
    row = await tx.row(
        _OPEN,
        new.account_no,
        case_id,
        case_no,
        item.code,
        new.item,
        new.person_id,
        new.applicant_masked,
        actor.channel,
        new.office_code,
        flow.code,
        flow.version,
        flow.initial,
        new.amount.fen,
        plain(new.form),
        plain(dict(new.policy_snapshot)),
        plain(new.explanation),
        list(new.flags),
        new.business_date,
        now,
        new.due_on,
        actor.reference,
        actor.name,
        flow.start,
    )
    assert row is not None
    await _keep_checks(tx, account_no=new.account_no, case_id=case_id, first=1, checks=new.checks)
    view = case_view(row)
    await _announce(tx, case=view, action=flow.start, now=now)
    return view


async def advance(
    tx: Transaction,
    *,
    case: CaseView,
    action: str,
    actor: Actor,
    now: datetime,
    reason_code: str | None = None,
    note: str | None = None,
    internal_note: str | None = None,
) -> CaseView:
    """Moves the case by one action of its flow. Raises Refused when the flow knows no such action in the state that
    the case is in now, which may differ from the one the caller saw."""
    row = await tx.row(
        "SELECT state, revision FROM service_case WHERE account_no = $1 AND case_id = $2 FOR UPDATE",
        case.account_no,
        case.case_id,
    )
    assert row is not None, f"case {case.case_no} vanished"
    flow, state = case.flow, row["state"]
    if not flow.allows(state, action):
        raise Refused(ACTION_NOT_POSSIBLE(state=flow.state(state).name, action=flow.transition(action).name))
    target = flow.target(state, action, seen=situation_of(case, now=now))
    decided = flow.transition(action).decides
    moved = await tx.row(
        "UPDATE service_case SET state = $3, revision = revision + 1, locked_by = NULL, locked_until = NULL,"
        " decided_at = CASE WHEN $4 THEN $6 ELSE decided_at END, ended_at = CASE WHEN $5 THEN $6 ELSE ended_at END"
        " WHERE account_no = $1 AND case_id = $2 RETURNING *",
        case.account_no,
        case.case_id,
        target,
        decided,
        flow.is_terminal(target),
        now,
    )
    assert moved is not None
    await _history(
        tx,
        account_no=case.account_no,
        case_id=case.case_id,
        seq=row["revision"] + 1,
        actor=actor,
        action=action,
        from_state=state,
        to_state=target,
        now=now,
        reason_code=reason_code,
        note=note,
        internal_note=internal_note,
    )
    view = case_view(moved, evaluation=case.evaluation)
    await _announce(tx, case=view, action=action, now=now)
    return view


async def cancel(*, actor: Actor, case_no: str, request_key: str, now: datetime, matters: Matters) -> CaseView:
    """The applicant withdraws the application while the rule set (D08) allows it; the held amount is given back."""
    seen = await case_by_no(actor=actor, case_no=case_no)
    async with transaction() as tx:
        given = {"case_no": case_no}
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=request_key,
            operation="cancel_case",
            given=given,
            now=now,
        )
        if done is None:
            case = await lock_case(tx, case=seen)
            refusal = revocation.may(
                action="cancel",
                state=case.state,
                actor_relation="applicant" if actor.is_citizen and actor.person_id == case.person_id else "none",
                roles=actor.roles,
                now_facts=revocation.RevocationFacts(),
            )
            if refusal is not None:
                raise Refused(refusal)
            case = await advance(tx, case=case, action="cancel", actor=actor, now=now)
            # what the applicant was asked to correct is asked no more
            await tx.execute(
                "UPDATE case_correction SET state = 'dropped', ended_at = $3"
                " WHERE account_no = $1 AND case_id = $2 AND state = 'asked'",
                case.account_no,
                case.case_id,
                now,
            )
            await matters[case.item].cancelled(tx, case=case, now=now)
            await audit.record(tx, actor=actor, action="case.cancelled", subject=f"case:{case_no}", now=now)
            await idempotency.finish(tx, actor=actor, account_no=seen.account_no, request_key=request_key, result=given)
    return await case_by_no(actor=actor, case_no=case_no)


async def lock_case(tx: Transaction, *, case: CaseView) -> CaseView:
    """The case as it stands now, its row locked until the transaction ends. The account's row is locked first, in
    the same order as by every other action, so that two of them never wait for each other."""
    await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", case.account_no)
    row = await tx.row(f"{CASE_ROW} FOR UPDATE OF c", case.account_no, case.case_id)
    assert row is not None, f"case {case.case_no} vanished"
    return case_view(row, evaluation=row["grade"])


async def add_check(tx: Transaction, *, case: CaseView, check: CheckRecord, about: str, asked_by: int | None) -> None:
    """A check that staff asked for, after those of the application. The case's row is locked."""
    number: int = await tx.value(
        "SELECT coalesce(max(check_no), 0) + 1 FROM case_check WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
    )
    await _keep_checks(tx, account_no=case.account_no, case_id=case.case_id, first=number, checks=[check])
    await tx.execute(
        "UPDATE case_check SET about = $4, asked_by = $5 WHERE account_no = $1 AND case_id = $2 AND check_no = $3",
        case.account_no,
        case.case_id,
        number,
        about,
        asked_by,
    )


async def restate(
    tx: Transaction,
    *,
    case: CaseView,
    amount: Money,
    form: Mapping[str, object],
    policy_snapshot: Mapping[str, object],
    explanation: list[dict[str, str]],
    flags: Sequence[str],
    checks: Sequence[CheckRecord],
    now: datetime,
) -> None:
    """A corrected application, judged again: what it declares and gives by now, and the checks that count from here.
    The case's row is locked."""
    await tx.execute(
        "UPDATE service_case SET amount_fen = $3, form = $4, policy_snapshot = $5, explanation = $6, flags = $7"
        " WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
        amount.fen,
        plain(dict(form)),
        plain(dict(policy_snapshot)),
        plain(explanation),
        list(flags),
    )
    number: int = await tx.value(
        "SELECT coalesce(max(check_no), 0) FROM case_check WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
    )
    await tx.execute(
        "UPDATE case_check SET superseded_at = $3 WHERE account_no = $1 AND case_id = $2 AND superseded_at IS NULL",
        case.account_no,
        case.case_id,
        now,
    )
    await _keep_checks(tx, account_no=case.account_no, case_id=case.case_id, first=number + 1, checks=checks)


async def _keep_checks(
    tx: Transaction, *, account_no: int, case_id: int, first: int, checks: Sequence[CheckRecord]
) -> None:
    """All in one statement, numbered from `first`."""
    if not checks:
        return
    sealed = vault.current()
    await tx.execute(
        _CHECKS,
        account_no,
        case_id,
        first,
        [one.kind for one in checks],
        [one.agency for one in checks],
        [one.asked_at for one in checks],
        [one.as_of for one in checks],
        [one.outcome for one in checks],
        [one.summary for one in checks],
        [None if one.answer is None else sealed.encrypt(canonical_json(one.answer).decode()) for one in checks],
        [one.trace_no for one in checks],
    )


async def _history(
    tx: Transaction,
    *,
    account_no: int,
    case_id: int,
    seq: int,
    actor: Actor,
    action: str,
    from_state: str | None,
    to_state: str,
    now: datetime,
    reason_code: str | None = None,
    note: str | None = None,
    internal_note: str | None = None,
) -> None:
    await tx.execute(
        "INSERT INTO case_event (account_no, case_id, seq, at, actor, actor_name, channel, action, from_state,"
        " to_state, reason_code, note, internal_note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        account_no,
        case_id,
        seq,
        now,
        actor.reference,
        actor.name,
        actor.channel,
        action,
        from_state,
        to_state,
        reason_code,
        note,
        internal_note,
    )


async def _announce(tx: Transaction, *, case: CaseView, action: str, now: datetime) -> None:
    await outbox.emit(
        tx,
        account_no=case.account_no,
        kind=CASE_CHANGED,
        payload={
            "case_no": case.case_no,
            "case_id": str(case.case_id),
            "item": case.item,
            "action": action,
            "state": case.state,
        },
        now=now,
    )


# With its first line of history: the two never stand without each other.
_OPEN = """
WITH begun AS (
    INSERT INTO case_event (account_no, case_id, seq, at, actor, actor_name, channel, action, to_state)
    VALUES ($1, $2, 1, $19, $21, $22, $8, $23, $12))
INSERT INTO service_case (account_no, case_id, case_no, item_code, item, person_id, applicant_masked, channel,
    office_code, flow_name, flow_version, state, amount_fen, form, policy_snapshot, explanation, flags, business_date,
    submitted_at, due_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING *
"""

_CHECKS = """
INSERT INTO case_check (account_no, case_id, check_no, kind, agency, asked_at, as_of, outcome, summary, answer_cipher,
    trace_no)
SELECT $1, $2, $3::integer + t.place - 1, t.kind, t.agency, t.asked_at, t.as_of, t.outcome, t.summary, t.answer_cipher,
       t.trace_no
FROM unnest($4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::bytea[],
            $11::text[])
     WITH ORDINALITY AS t (kind, agency, asked_at, as_of, outcome, summary, answer_cipher, trace_no, place)
"""
