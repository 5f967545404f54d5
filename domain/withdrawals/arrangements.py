"""约定提取 in the citizen's hand: seen, changed, paused, taken up again and ended, on any channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

from domain import contributions, policy
from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused
from domain.withdrawals import refusals as no
from domain.withdrawals import subjects
from domain.withdrawals.events import ARRANGEMENT_CHANGED
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.rules import FREQUENCY_NAMES, ONCE, frequencies_of

STATE_NAMES = {"requested": "审核中", "running": "执行中", "paused": "已暂停", "ended": "已终止"}

END_REASONS = {
    "refused": "申请未通过审核",
    "cancelled": "申请已撤销",
    "payment_rejected": "首期付款被银行退回",
    "fulfilled": "已提取至可提取总额",
    "expired": "约定期限届满",
    "by_citizen": "本人终止",
    "property": "住房情况不再符合条件",
    "marriage": "婚姻状况变化，不再符合条件",
    "contract": "购房合同网签已注销或不再属于您",
    "rental": "租房备案已失效",
    "loan": "贷款信息不再符合条件",
    "identity": "身份信息核验不一致",
    "death": "账户持有人死亡",
    "adverse_record": "有不良信息记录，可在“我的记录”中查看原因并申诉",
    "account_closed": "账户已销户",
    "account_sealed": "账户封存，不再符合条件",
    "insufficient": "账户余额连续不足",
}
PAUSE_REASONS = {
    "by_citizen": "本人暂停",
    "card": "收款银行卡已停用或不可用，请更换银行卡",
    "bank_rejected": "银行退回付款，请核对收款银行卡",
}
WAIT_REASONS = {
    "check": "核验部门暂未答复，答复后自动支付",
    "frozen": "账户被冻结，解除后自动支付",
    "key_review": "本期支付须经审核，审核后自动支付",
    "balance": "余额不足，下次缴存入账后按约定支付",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangementView:
    """An agreed withdrawal. `reason` says in words why it waits, pauses or has ended; `total` is None without a
    limit in all; `until_month` None while it runs until its total is paid."""

    account_no: int
    arrangement_id: int
    case_id: int
    kind: str
    kind_name: str
    frequency: str
    frequency_name: str
    monthly_limit: Money | None
    total: Money | None
    paid: Money
    from_month: YearMonth
    until_month: YearMonth | None
    state: str
    state_name: str
    reason: str | None
    auto_renewal: bool
    renewals: int
    paid_through: YearMonth | None
    next_due_on: date | None
    card_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangementChange:
    """What is to be different; None stays as it is."""

    frequency: str | None = None
    card_id: int | None = None
    auto_renewal: bool | None = None
    total: Money | None = None


def reason_in_words(what: str, reason: str) -> str:
    """Why an arrangement was paused or has ended, for its text."""
    return PAUSE_REASONS[reason] if what == "paused" else END_REASONS[reason]


async def arrangements_of(*, actor: Actor) -> list[ArrangementView]:
    """The citizen's own arrangements, those that run first, then the newest."""
    if not actor.is_real_name or actor.person_id is None:
        return []
    numbers = await contributions.account_nos_of(person_id=actor.person_id)
    rows = await database.rows(
        "SELECT * FROM withdrawal_arrangement WHERE account_no = ANY($1)"
        " ORDER BY state = 'ended', arrangement_id DESC LIMIT 50",
        numbers,
    )
    return [_view(row) for row in rows]


async def change_arrangement(
    *,
    actor: Actor,
    arrangement_id: int,
    change: ArrangementChange,
    request_key: str,
    business_date: date,
    now: datetime,
) -> ArrangementView:
    """Another frequency, card, consent or total, from the next payment on. Raises Refused with every reason."""

    async def work(tx: Transaction, row: Record) -> None:
        refusals = await _refusals(tx, row=row, change=change, business_date=business_date)
        if refusals:
            raise Refused(*refusals)
        if change.total is not None:
            fits = row["subject_key"] is None or await subjects.set_claim(
                tx,
                subject_key=row["subject_key"],
                account_no=row["account_no"],
                case_id=row["case_id"],
                amount=change.total,
            )
            if not fits:
                raise Refused(no.TOTAL_BELOW_PAID(paid=Money(row["paid_fen"]).yuan_text, most="剩余可提取总额"))
        renewal = row["auto_renewal"] if change.auto_renewal is None else change.auto_renewal
        card_changed = change.card_id is not None and row["state"] == "paused" and row["paused_reason"] != "by_citizen"
        await tx.execute(
            "UPDATE withdrawal_arrangement SET frequency = coalesce($3, frequency), card_id = coalesce($4, card_id),"
            " auto_renewal = $5, auto_renewal_consented_at = CASE WHEN NOT $5 THEN NULL"
            " ELSE coalesce(auto_renewal_consented_at, $6) END, total_limit_fen = coalesce($7, total_limit_fen),"
            " state = CASE WHEN $8 THEN 'running' ELSE state END,"
            " paused_reason = CASE WHEN $8 THEN NULL ELSE paused_reason END"
            " WHERE account_no = $1 AND arrangement_id = $2",
            row["account_no"],
            arrangement_id,
            change.frequency,
            change.card_id,
            renewal,
            now,
            change.total.fen if change.total else None,
            card_changed,
        )

    given: dict[str, object] = {
        "frequency": change.frequency,
        "card_id": str(change.card_id or ""),
        "auto_renewal": change.auto_renewal,
        "total": change.total,
    }
    return await _act(
        actor,
        arrangement_id,
        action="change",
        states=("running", "paused"),
        given=given,
        key=request_key,
        now=now,
        work=work,
    )


async def pause_arrangement(*, actor: Actor, arrangement_id: int, request_key: str, now: datetime) -> ArrangementView:
    """No payment until it is taken up again. What falls due meanwhile is not paid later."""

    async def work(tx: Transaction, row: Record) -> None:
        await _set(tx, row, state="paused", paused_reason="by_citizen")

    return await _act(
        actor, arrangement_id, action="pause", states=("running",), given={}, key=request_key, now=now, work=work
    )


async def resume_arrangement(
    *, actor: Actor, arrangement_id: int, request_key: str, business_date: date, now: datetime
) -> ArrangementView:
    """Payments go on from the present month; each is checked afresh as ever."""

    async def work(tx: Transaction, row: Record) -> None:
        due = max(row["next_due_on"] or business_date, business_date)
        await _set(tx, row, state="running", paused_reason=None, next_due_on=due)

    return await _act(
        actor, arrangement_id, action="resume", states=("paused",), given={}, key=request_key, now=now, work=work
    )


async def end_arrangement(*, actor: Actor, arrangement_id: int, request_key: str, now: datetime) -> ArrangementView:
    """Ended for good; what it had set aside of a shared limit goes back."""

    async def work(tx: Transaction, row: Record) -> None:
        await finish(tx, row=row, reason="by_citizen", now=now)

    return await _act(
        actor, arrangement_id, action="end", states=("running", "paused"), given={}, key=request_key, now=now, work=work
    )


async def finish(tx: Transaction, *, row: Record, reason: str, now: datetime) -> None:
    """Ends an arrangement whose row is locked, and tells who listens. `reason` is one of `END_REASONS`."""
    assert reason in END_REASONS, f"unknown reason {reason}"
    await tx.execute(
        "UPDATE withdrawal_arrangement SET state = 'ended', end_reason = $3, next_due_on = NULL, wait_reason = NULL"
        " WHERE account_no = $1 AND arrangement_id = $2",
        row["account_no"],
        row["arrangement_id"],
        reason,
    )
    if row["subject_key"]:
        await subjects.give_back(
            tx,
            subject_key=row["subject_key"],
            account_no=row["account_no"],
            case_id=row["case_id"],
            taken=Money(row["paid_fen"]),
        )
    await announce(tx, row=row, what="ended", reason=reason, now=now)


async def announce(tx: Transaction, *, row: Record, what: str, reason: str, now: datetime) -> None:
    await outbox.emit(
        tx,
        account_no=row["account_no"],
        kind=ARRANGEMENT_CHANGED,
        payload={
            "arrangement_id": str(row["arrangement_id"]),
            "case_id": str(row["case_id"]),
            "what": what,
            "reason": reason,
        },
        now=now,
    )


Work = Callable[[Transaction, Record], Awaitable[None]]
_ACTION_NAMES = {"change": "变更", "pause": "暂停", "resume": "恢复", "end": "终止"}


async def _act(
    actor: Actor,
    arrangement_id: int,
    *,
    action: str,
    states: tuple[str, ...],
    given: dict[str, object],
    key: str,
    now: datetime,
    work: Work,
) -> ArrangementView:
    """The citizen's own arrangement, locked after its account; once a request key, audited."""
    if not actor.is_citizen:
        raise Refused(NOT_PERMITTED())
    seen = next((one for one in await arrangements_of(actor=actor) if one.arrangement_id == arrangement_id), None)
    if seen is None:
        raise Refused(no.ARRANGEMENT_NOT_FOUND())
    operation = f"{action}_arrangement"
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=key,
            operation=operation,
            given={"arrangement_id": str(arrangement_id), **given},
            now=now,
        )
        if done is None:
            row = await lock_arrangement(tx, account_no=seen.account_no, arrangement_id=arrangement_id)
            if row["state"] not in states:
                raise Refused(no.ARRANGEMENT_STATE(state=STATE_NAMES[row["state"]], action=_ACTION_NAMES[action]))
            await work(tx, row)
            await audit.record(
                tx,
                actor=actor,
                action=f"arrangement.{action}",
                subject=f"arrangement:{arrangement_id}",
                now=now,
                detail={name: value for name, value in given.items() if value not in (None, "")},
            )
            await idempotency.finish(
                tx, actor=actor, account_no=seen.account_no, request_key=key, result={"id": str(arrangement_id)}
            )
    return await arrangement_by_key(account_no=seen.account_no, arrangement_id=arrangement_id)


async def lock_arrangement(tx: Transaction, *, account_no: int, arrangement_id: int) -> Record:
    await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", account_no)
    row = await tx.row(
        "SELECT * FROM withdrawal_arrangement WHERE account_no = $1 AND arrangement_id = $2 FOR UPDATE",
        account_no,
        arrangement_id,
    )
    assert row is not None, f"arrangement {arrangement_id} vanished"
    return row


async def arrangement_by_key(
    *, account_no: int, arrangement_id: int, using: Executor = database.pool
) -> ArrangementView:
    row = await using.row(
        "SELECT * FROM withdrawal_arrangement WHERE account_no = $1 AND arrangement_id = $2", account_no, arrangement_id
    )
    assert row is not None, f"arrangement {arrangement_id} is unknown"
    return _view(row)


async def _refusals(tx: Transaction, *, row: Record, change: ArrangementChange, business_date: date) -> list[Refusal]:
    kind, found = kind_of(row["kind"]), list[Refusal]()
    if change == ArrangementChange():
        return [no.NOTHING_TO_CHANGE()]
    offered = [code for code in frequencies_of(kind, policy.on(business_date)) if code != ONCE]
    if change.frequency is not None and change.frequency not in offered:
        names = "或".join(f"“{FREQUENCY_NAMES[code]}”" for code in offered)
        found.append(no.FREQUENCY_NOT_OFFERED(offered=names))
    if change.card_id is not None:
        found += await _card_refusals(tx, account_no=row["account_no"], card_id=change.card_id)
    if change.total is not None and (row["total_limit_fen"] is None or change.total.fen <= row["paid_fen"]):
        most = Money(row["total_limit_fen"] or 0)
        found.append(no.TOTAL_BELOW_PAID(paid=Money(row["paid_fen"]).yuan_text, most=most.yuan_text))
    return found


async def _card_refusals(tx: Transaction, *, account_no: int, card_id: int) -> list[Refusal]:
    card = await contributions.card_of(account_no=account_no, card_id=card_id, using=tx)
    if card is None:
        return [no.CARD_NOT_FOUND()]
    if not card.bank_entrusted:
        return [no.CARD_BANK_NOT_ENTRUSTED()]
    return [] if card.active else [no.CARD_INACTIVE()]


async def _set(
    tx: Transaction, row: Record, *, state: str, paused_reason: str | None, next_due_on: date | None = None
) -> None:
    await tx.execute(
        "UPDATE withdrawal_arrangement SET state = $3, paused_reason = $4, wait_reason = NULL,"
        " next_due_on = coalesce($5, next_due_on) WHERE account_no = $1 AND arrangement_id = $2",
        row["account_no"],
        row["arrangement_id"],
        state,
        paused_reason,
        next_due_on,
    )


def _reason(row: Record) -> str | None:
    if row["state"] == "ended":
        return END_REASONS.get(row["end_reason"] or "")
    if row["state"] == "paused":
        return PAUSE_REASONS.get(row["paused_reason"] or "")
    return WAIT_REASONS.get(row["wait_reason"] or "")


def _view(row: Record) -> ArrangementView:
    kind: Kind = kind_of(row["kind"])
    paid, until = row["paid_through_period"], YearMonth.of_period(row["until_period"])
    return ArrangementView(
        account_no=row["account_no"],
        arrangement_id=row["arrangement_id"],
        case_id=row["case_id"],
        kind=kind.code,
        kind_name=kind.name,
        frequency=row["frequency"],
        frequency_name=FREQUENCY_NAMES[row["frequency"]],
        monthly_limit=Money(row["monthly_limit_fen"]) if row["monthly_limit_fen"] else None,
        total=Money(row["total_limit_fen"]) if row["total_limit_fen"] else None,
        paid=Money(row["paid_fen"]),
        from_month=YearMonth.of_period(row["from_period"]),
        until_month=until if until.year < 9999 else None,
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        reason=_reason(row),
        auto_renewal=row["auto_renewal"],
        renewals=row["renewals"],
        paid_through=YearMonth.of_period(paid) if paid else None,
        next_due_on=row["next_due_on"],
        card_id=row["card_id"],
    )
