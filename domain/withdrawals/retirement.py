"""退休一件事 (R04.1): after social security has determined a pension it pushes the person; the account is closed and
paid out without an application. It is checked like any other; the system approves where the checks suffice, people
where they do not.

A push without the person's consent opens nothing. What only lacks something, as a card to pay to, waits and is tried
again; what stands against it for good ends with the reason, and the person may apply as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain import cases, contributions, policy, settlement
from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.withdrawals.applying import apply_for_withdrawal
from domain.withdrawals.gathering import Application
from domain.withdrawals.ports import Registries

CHANNEL = "social_security"
KIND = "retirement"

State = Literal["received", "waiting", "opened", "declined", "refused", "no_account", "given_up"]

# Refusals that pass by themselves, or once the person has seen to something.
_PASSING = frozenset(
    {
        "case.blocked_by_running",
        "case.channel_off",
        "withdrawal.account_frozen",
        "withdrawal.card_not_found",
        "withdrawal.card_inactive",
        "withdrawal.card_bank_not_entrusted",
    }
)
_NO_CARD = "尚未登记受托银行的银行卡，登记后自动办理"
_NOT_CONSENTED = "本人未同意自动提取，可自行申请退休销户提取"
_NO_ACCOUNT = "没有住房公积金账户，无需提取"

STATE_NAMES: dict[str, str] = {
    "received": "已受理",
    "waiting": "待补齐条件",
    "declined": "未同意自动提取",
    "refused": "不符合自动提取条件",
    "no_account": "无住房公积金账户",
    "given_up": "逾期未补齐条件",
}
NOTICES = {
    "person": "您在办理退休一件事时同意自动提取的，养老待遇核定后，住房公积金账户余额及利息将自动提取至您在中心登记的"
    "银行卡，账户随之销户；没有登记银行卡的，登记后自动办理。您也可以不同意，退休后自行申请。",
    "employer": "职工办理退休一件事并同意自动提取住房公积金的，请在养老待遇核定前完成该职工的汇缴、补缴和账户封存；"
    "养老待遇核定后账户将自动销户，销户后不能再为其汇缴。",
}
"""须知 for whoever applies for a retirement; wording to be agreed with social security."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What social security pushes. `consent`: the person agreed to the automatic withdrawal (自动提取)."""

    matter_no: str
    name: str
    document_type: str
    document_no: str
    pension_since: date
    consent: bool

    def __repr__(self) -> str:
        return f"Push({self.matter_no})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementResult:
    """How far a pushed matter is, as social security may ask: no document, account or card. `state` is the matter's, or
    its case's once there is one; `paid` and `paid_on` when the bank has paid."""

    matter_no: str
    state: str
    state_name: str
    reason: str
    case_no: str | None
    paid: Money | None
    paid_on: date | None


async def take_retirement(
    *, push: Push, registries: Registries, now: datetime, business_date: date
) -> RetirementResult:
    """Keeps the push and goes as far as it gets now. Told again it is the same matter, as it stands."""
    sealed = vault.current()
    await database.execute(
        "INSERT INTO retirement_matter (matter_no, document_type, document_cipher, name_cipher, pension_since, consent,"
        " state, received_at, next_try_at) VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, $7) ON CONFLICT DO NOTHING",
        push.matter_no,
        push.document_type,
        sealed.encrypt(push.document_no),
        sealed.encrypt(push.name),
        push.pension_since,
        push.consent,
        now,
    )
    row = await database.row("SELECT * FROM retirement_matter WHERE matter_no = $1", push.matter_no)
    assert row is not None, f"retirement matter {push.matter_no} vanished"
    if row["next_try_at"] is not None:
        await _try(row, registries=registries, now=now, business_date=business_date)
    found = await retirement_result(matter_no=push.matter_no)
    assert found is not None
    return found


async def try_retirements(*, registries: Registries, now: datetime, business_date: date, most: int = 20) -> int:
    """Tries again what waits and is due. Returns how many."""
    rows = await database.rows(
        "SELECT * FROM retirement_matter WHERE next_try_at <= $1 ORDER BY next_try_at, matter_no LIMIT $2", now, most
    )
    for row in rows:
        await _try(row, registries=registries, now=now, business_date=business_date)
    return len(rows)


async def retirement_result(*, matter_no: str) -> RetirementResult | None:
    """None for a number that was never pushed."""
    row = await database.row("SELECT * FROM retirement_matter WHERE matter_no = $1", matter_no)
    if row is None:
        return None
    if row["case_id"] is None:
        return RetirementResult(
            matter_no=matter_no,
            state=row["state"],
            state_name=STATE_NAMES[row["state"]],
            reason=row["reason"],
            case_no=None,
            paid=None,
            paid_on=None,
        )
    case = await cases.case_by_key(account_no=row["account_no"], case_id=row["case_id"])
    payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id)
    paid = payment if payment is not None and payment.state == "confirmed" else None
    reason = ""
    if case.state in ("refused", "payment_failed"):
        last = (await cases.history_of(case=case))[-1]
        reason = cases.reason_name(last.reason_code) or (last.note or "")
    return RetirementResult(
        matter_no=matter_no,
        state=case.state,
        state_name=case.state_name,
        reason=reason,
        case_no=case.case_no,
        paid=paid.amount if paid else None,
        paid_on=paid.ended_at.astimezone(SHANGHAI).date() if paid and paid.ended_at else None,
    )


async def _try(row: Record, *, registries: Registries, now: datetime, business_date: date) -> None:
    """One attempt: closes the account, waits, or ends with a reason."""
    if not row["consent"]:
        return await _end(row, state="declined", reason=_NOT_CONSENTED, now=now)
    sealed = vault.current()
    number, name = sealed.decrypt(row["document_cipher"]), sealed.decrypt(row["name_cipher"])
    person_id = await contributions.person_by_document(document_type=row["document_type"], document_no=number)
    numbers = [] if person_id is None else await contributions.account_nos_of(person_id=person_id)
    if person_id is None or not numbers:
        return await _end(row, state="no_account", reason=_NO_ACCOUNT, now=now)
    if (await contributions.clear_person(person_id=person_id)).name != name:
        return await _end(row, state="refused", reason="姓名与中心登记的不一致，请本人到管理部核对", now=now)
    actor = Actor(kind="partner", channel=CHANNEL, name="退休一件事", person_id=person_id, assurance="real_name")
    cards = [card for card in await contributions.cards_of(actor=actor) if card.active and card.bank_entrusted]
    if not cards:
        return await _wait(row, reason=_NO_CARD, now=now)
    chosen = min(cards, key=lambda card: (not card.is_default, card.card_id))
    try:
        case = await apply_for_withdrawal(
            actor=actor,
            application=Application(kind=KIND, card_id=chosen.card_id, commitment=True),
            request_key=f"retirement-{sm3_hex(row['matter_no'].encode())[:40]}",
            business_date=business_date,
            now=now,
            registries=registries,
        )
    except Refused as refused:
        return await _refused(row, refused.refusals, now=now)
    assert case is not None, "no rehearsal was asked for"
    await database.execute(
        "UPDATE retirement_matter SET state = 'opened', reason = '', account_no = $2, case_id = $3, next_try_at = NULL,"
        " ended_at = $4 WHERE matter_no = $1",
        row["matter_no"],
        case.account_no,
        case.case_id,
        now,
    )
    await _audit(row, state="opened", reason=case.case_no, now=now)


async def _refused(row: Record, refusals: tuple[Refusal, ...], *, now: datetime) -> None:
    reason = "；".join(dict.fromkeys(one.message for one in refusals))[:300]
    if all(one.code in _PASSING or one.retryable for one in refusals):
        return await _wait(row, reason=reason, now=now)
    await _end(row, state="refused", reason=reason, now=now)


async def _wait(row: Record, *, reason: str, now: datetime) -> None:
    values = policy.on(business_date_of(now))
    if now - row["received_at"] > timedelta(days=values.number("retirement.wait_days")):
        return await _end(row, state="given_up", reason=reason, now=now)
    await database.execute(
        "UPDATE retirement_matter SET state = 'waiting', reason = $2, next_try_at = $3 WHERE matter_no = $1",
        row["matter_no"],
        reason,
        now + timedelta(hours=values.number("retirement.try_again_hours")),
    )
    if row["state"] != "waiting":
        await _audit(row, state="waiting", reason=reason, now=now)


async def _end(row: Record, *, state: State, reason: str, now: datetime) -> None:
    await database.execute(
        "UPDATE retirement_matter SET state = $2, reason = $3, next_try_at = NULL, ended_at = $4 WHERE matter_no = $1",
        row["matter_no"],
        state,
        reason,
        now,
    )
    await _audit(row, state=state, reason=reason, now=now)


async def _audit(row: Record, *, state: str, reason: str, now: datetime) -> None:
    await audit.record(
        None,
        actor=SYSTEM,
        action="retirement.moved",
        subject=f"retirement:{row['matter_no']}",
        now=now,
        detail={"state": state, "reason": reason},
    )
