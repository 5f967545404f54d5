"""约定提取 at the day-end: those due are checked afresh and paid, a partition of accounts in a few statements.

What other agencies know was asked before (`freshness`) and stands beside the arrangement; here nobody is waited for.
One statement judges and takes the money from the ledger, writes the payments and moves the arrangements on. What ends,
pauses or is renewed is few and is done one by one, with its event. `rules.payment` is the same judgement in Python, and
a test holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain import contributions, policy
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.withdrawals.arrangements import announce, finish
from domain.withdrawals.kinds import kinds
from domain.withdrawals.listed import AGREED_FLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRange:
    """What was done with the arrangements due: `paid` payments of `paid_fen` in all, the rest by outcome."""

    paid: int
    paid_fen: int
    ended: int
    paused: int
    waiting: int
    renewed: int

    @property
    def rows(self) -> int:
        return self.paid + self.ended + self.paused + self.waiting


async def pay_due(tx: Transaction, *, lo: int, hi: int, business_date: date, now: datetime) -> PaidRange:
    """Pays every arrangement of the accounts from `lo` to `hi` that is due on the date. Called again it finds none."""
    values = policy.on(business_date)
    fresh = business_date - timedelta(days=values.number("withdrawal.registry_answer_fresh_days"))
    touched = await contributions.accounts_touched(flow=AGREED_FLOW, on=business_date, lo=lo, hi=hi, using=tx)
    # The planner cannot know how many of a range are due, and would join them row by row.
    await tx.execute("SET LOCAL enable_nestloop = off")
    row = await tx.row(
        _PAY,
        lo,
        hi,
        business_date,
        now,
        kind_rows(business_date),
        fresh,
        values.number("withdrawal.arrangement.insufficient_times_max"),
        list(touched),
        ["hold" if effect == "hold" else "stop" for effect in touched.values()],
    )
    await tx.execute("SET LOCAL enable_nestloop = on")
    assert row is not None
    others: list[dict[str, Any]] = row["others"] or []
    ended = paused = renewed = 0
    for one in others:
        found = await tx.row(
            "SELECT * FROM withdrawal_arrangement WHERE account_no = $1 AND arrangement_id = $2",
            one["account_no"],
            one["arrangement_id"],
        )
        assert found is not None
        if one["outcome"] == "end":
            await finish(tx, row=found, reason=one["reason"], now=now)
            ended += 1
        elif one["outcome"] == "pause":
            await announce(tx, row=found, what="paused", reason=one["reason"], now=now)
            paused += 1
        else:
            await announce(tx, row=found, what="renewed", reason="consent", now=now)
            renewed += 1
    done = PaidRange(
        paid=row["paid"], paid_fen=row["paid_fen"], ended=ended, paused=paused, waiting=row["waiting"], renewed=renewed
    )
    if done.rows:
        await audit.record(
            tx,
            actor=SYSTEM,
            action="withdrawal.agreed_paid",
            subject=f"withdrawals:{business_date.isoformat()}",
            now=now,
            detail={"first": str(lo), "last": str(hi), "paid": done.paid, "ended": ended, "waiting": done.waiting},
        )
    return done


def kind_rows(business_date: date) -> list[dict[str, Any]]:
    """What the statement has to know of each kind, as data: states of the account, checks, months of its term."""
    values = policy.on(business_date)
    return [
        {
            "kind": kind.code,
            "reason": kind.reason,
            "states": list(kind.account_states),
            "wait": [check.code for check in kind.checks if check.at_payment == "wait"],
            "term": values.number(kind.parameter("term_months")) if kind.form == "rent" else 0,
        }
        for kind in kinds()
        if kind.group and kind.offered_on(business_date) is not None
    ]


# $1 $2 accounts  $3 date  $4 now  $5 kinds  $6 answers are fresh from  $7 times without balance, 0 never ends
# $8 $9 accounts of listed persons, and whether each holds or stops
_PAY = """
WITH kind AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($5::jsonb) AS k (kind text, reason text, states text[], wait text[], term integer)
), due AS MATERIALIZED (
    SELECT a.account_no, a.arrangement_id, a.case_id, a.kind, a.card_id, a.subject_key, a.until_period,
           a.auto_renewal, a.insufficient_times, a.paid_fen, a.total_limit_fen, a.next_due_on, k.term,
           CASE a.frequency WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 WHEN 'semiannual' THEN 6 ELSE 12 END
               AS months, k.reason AS withdrawal_reason,
           (date_part('year', a.next_due_on) * 100 + date_part('month', a.next_due_on))::int AS from_period,
           a.monthly_limit_fen, acc.state AS account_state, acc.state = ANY(k.states) AS state_taken,
           b.balance_fen - b.held_fen AS available, coalesce(c.active AND bank.active, false) AS card_good,
           coalesce(q.fresh, '{}') @> k.wait AS all_fresh, q.failed, l.effect AS listed
    FROM withdrawal_arrangement a
    JOIN kind k ON k.kind = a.kind
    JOIN account acc ON acc.account_no = a.account_no AND acc.account_no BETWEEN $1 AND $2
    JOIN account_balance b ON b.account_no = a.account_no AND b.account_no BETWEEN $1 AND $2
    LEFT JOIN bank_card c ON c.account_no = a.account_no AND c.card_id = a.card_id AND c.account_no BETWEEN $1 AND $2
    LEFT JOIN entrusted_bank bank ON bank.code = c.bank_code
    LEFT JOIN (
        SELECT h.account_no, h.arrangement_id,
               array_agg(h.kind) FILTER (WHERE h.outcome = 'passed' AND h.as_of >= $6) AS fresh,
               min(h.kind) FILTER (WHERE h.outcome = 'failed') AS failed
        FROM arrangement_check h WHERE h.account_no BETWEEN $1 AND $2 GROUP BY 1, 2) q
        ON q.account_no = a.account_no AND q.arrangement_id = a.arrangement_id
    LEFT JOIN unnest($8::bigint[], $9::text[]) AS l (account_no, effect) ON l.account_no = a.account_no
    WHERE a.account_no BETWEEN $1 AND $2 AND a.state = 'running' AND a.next_due_on <= $3
), judged AS MATERIALIZED (
    SELECT d.*, from_period > until_period AS over,
           CASE WHEN account_state IN ('03', '04', '05') THEN 'end'
                WHEN listed = 'stop' THEN 'end'
                WHEN failed IS NOT NULL THEN 'end'
                WHEN account_state = '06' THEN 'wait'
                WHEN listed = 'hold' THEN 'wait'
                WHEN NOT state_taken THEN 'end'
                WHEN NOT all_fresh THEN 'wait'
                WHEN from_period > until_period AND NOT auto_renewal THEN 'end'
                WHEN NOT card_good THEN 'pause'
                WHEN available <= 0 THEN CASE WHEN $7 > 0 AND insufficient_times + 1 >= $7 THEN 'end' ELSE 'skip' END
                ELSE 'pay' END AS outcome,
           CASE WHEN account_state IN ('03', '04', '05') THEN 'account_closed'
                WHEN listed = 'stop' THEN 'adverse_record'
                WHEN failed IS NOT NULL THEN failed
                WHEN account_state = '06' THEN 'frozen'
                WHEN listed = 'hold' THEN 'key_review'
                WHEN NOT state_taken THEN 'account_sealed'
                WHEN NOT all_fresh THEN 'check'
                WHEN from_period > until_period AND NOT auto_renewal THEN 'expired'
                WHEN NOT card_good THEN 'card'
                WHEN available <= 0 THEN CASE WHEN $7 > 0 AND insufficient_times + 1 >= $7 THEN 'insufficient'
                                              ELSE 'balance' END END AS reason,
           least(coalesce(monthly_limit_fen * months, 9223372036854775807),
                 coalesce(total_limit_fen - paid_fen, 9223372036854775807)) AS wanted
    FROM due d
), paid AS MATERIALIZED (
    SELECT t.taken_from, t.taken_fen, t.batch_id FROM ledger_withdraw_batch($1, $2, $3, $4,
        (SELECT coalesce(array_agg(account_no ORDER BY account_no), '{}') FROM judged WHERE outcome = 'pay'),
        (SELECT coalesce(array_agg(wanted ORDER BY account_no), '{}') FROM judged WHERE outcome = 'pay')) t
), written AS (
    INSERT INTO withdrawal (account_no, withdrawal_id, case_id, arrangement_id, kind, reason, amount_fen, state,
                            card_id, subject_key, from_period, months, voucher_id, explanation)
    SELECT j.account_no,
           hashtextextended(format('payment:%s:%s:%s', j.arrangement_id, j.from_period, $3), 0) & 4611686018427387903,
           j.case_id, j.arrangement_id, j.kind, j.withdrawal_reason, p.taken_fen, 'approved', j.card_id,
           j.subject_key, j.from_period, j.months, p.batch_id,
           CASE WHEN p.taken_fen < j.wanted THEN '按账户可用余额支付' ELSE '按约定金额支付' END
    FROM judged j JOIN paid p ON p.taken_from = j.account_no
    WHERE j.outcome = 'pay'
), moved AS (
    UPDATE withdrawal_arrangement a SET
        paid_fen = a.paid_fen + coalesce(p.taken_fen, 0),
        paid_through_period = CASE WHEN j.outcome = 'pay' THEN (date_part('year', j.next_due_on
                + (j.months - 1) * interval '1 month') * 100 + date_part('month', j.next_due_on
                + (j.months - 1) * interval '1 month'))::int ELSE a.paid_through_period END,
        next_due_on = CASE WHEN j.outcome IN ('pay', 'skip') THEN (j.next_due_on + j.months * interval '1 month')::date
                           ELSE a.next_due_on END,
        until_period = CASE WHEN j.outcome IN ('pay', 'skip') AND j.over
            THEN (date_part('year', j.next_due_on + (j.term - 1) * interval '1 month') * 100
                  + date_part('month', j.next_due_on + (j.term - 1) * interval '1 month'))::int
            ELSE a.until_period END,
        renewals = a.renewals + (j.outcome IN ('pay', 'skip') AND j.over)::int,
        reminded_on = CASE WHEN j.outcome IN ('pay', 'skip') AND j.over THEN NULL ELSE a.reminded_on END,
        insufficient_times = CASE WHEN j.outcome = 'skip' THEN a.insufficient_times + 1
                                  WHEN j.outcome = 'pay' THEN 0 ELSE a.insufficient_times END,
        state = CASE WHEN j.outcome = 'pause' THEN 'paused'
                     WHEN a.paid_fen + coalesce(p.taken_fen, 0) >= a.total_limit_fen THEN 'ended' ELSE a.state END,
        end_reason = CASE WHEN a.paid_fen + coalesce(p.taken_fen, 0) >= a.total_limit_fen THEN 'fulfilled'
                          ELSE a.end_reason END,
        paused_reason = CASE WHEN j.outcome = 'pause' THEN j.reason ELSE a.paused_reason END,
        wait_reason = CASE WHEN j.outcome IN ('wait', 'skip') THEN j.reason END
    FROM judged j LEFT JOIN paid p ON p.taken_from = j.account_no AND j.outcome = 'pay'
    WHERE a.account_no = j.account_no AND a.arrangement_id = j.arrangement_id AND j.outcome <> 'end'
        AND a.account_no BETWEEN $1 AND $2
        -- what another movement took meanwhile is due again tomorrow
        AND (j.outcome <> 'pay' OR p.taken_from IS NOT NULL)
)
SELECT (SELECT count(*) FROM paid)::int AS paid, (SELECT coalesce(sum(taken_fen), 0) FROM paid)::bigint AS paid_fen,
       (SELECT count(*) FROM judged WHERE outcome IN ('wait', 'skip'))::int AS waiting,
       (SELECT jsonb_agg(jsonb_build_object('account_no', account_no, 'arrangement_id', arrangement_id,
            'outcome', CASE WHEN outcome IN ('pay', 'skip') THEN 'renew' ELSE outcome END, 'reason', reason)
            ORDER BY account_no)
        FROM judged WHERE outcome IN ('end', 'pause') OR (outcome IN ('pay', 'skip') AND over)) AS others
"""
