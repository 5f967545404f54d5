"""What carriers answered, written down: the message's state, and a row for each part that they took and will bill.

The number that a carrier gave a part leads back to the message, whoever brings it: a receipt, an invoice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel import database
from domain.kernel.database import Executor, Record
from notifications import strays

CODE_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One submission and its answer. `taken` are the parts that the carrier has, with its numbers."""

    account_no: int
    message_id: int
    attempt: int
    state: str
    code: str
    carrier: str
    carrier_id: str | None
    taken: Mapping[int, str] = field(default_factory=dict)
    handed_ms: int = 0


async def record(outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """The answers of these attempts, all in one transaction; a receipt that came earlier stands."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sms_message m SET state = o.state, last_code = o.code, carrier_message_id = o.carrier_id
            FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[])
                AS o (account_no, message_id, attempt, state, code, carrier_id)
            WHERE m.account_no = o.account_no AND m.message_id = o.message_id AND m.attempts = o.attempt
              AND m.state IN ('sending', 'unknown')
            """,
            [one.account_no for one in outcomes],
            [one.message_id for one in outcomes],
            [one.attempt for one in outcomes],
            [one.state for one in outcomes],
            [one.code[:CODE_LENGTH_MAX] for one in outcomes],
            [one.carrier_id for one in outcomes],
        )
        await _take_parts(tx, [one for one in outcomes if one.taken], now=now)


async def record_answer(
    *,
    row: Record,
    state: str,
    code: str,
    now: datetime,
    carrier_id: str | None = None,
    at: datetime | None = None,
) -> str:
    """What a carrier said when it was asked about the attempt in `row`; gives the state that stands."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sms_message SET state = $4, last_code = $5, looked_at = $8,
                                   carrier_message_id = COALESCE($6, carrier_message_id),
                                   receipt_at = COALESCE($7, receipt_at)
            WHERE account_no = $1 AND message_id = $2 AND attempts = $3 AND state IN ('sending', 'unknown')
            """,
            row["account_no"],
            row["message_id"],
            row["attempts"],
            state,
            code[:CODE_LENGTH_MAX],
            carrier_id,
            at,
            now,
        )
        if state in ("accepted", "delivered", "rejected") and carrier_id:
            taken = dict.fromkeys(range(1, row["parts"] + 1), carrier_id)
            outcome = Outcome(
                account_no=row["account_no"],
                message_id=row["message_id"],
                attempt=row["attempts"],
                state=state,
                code=code,
                carrier=row["carrier"],
                carrier_id=carrier_id,
                taken=taken,
            )
            await _take_parts(tx, [outcome], now=now)
        return str(
            await tx.value(
                "SELECT state FROM sms_message WHERE account_no = $1 AND message_id = $2",
                row["account_no"],
                row["message_id"],
            )
        )


async def _take_parts(tx: Executor, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    parts = [(one, number, carrier_number) for one in outcomes for number, carrier_number in one.taken.items()]
    if not parts:
        return
    # A receipt may have been faster: then the message's own state says what became of the part.
    await tx.execute(
        """
        INSERT INTO sms_part (account_no, message_id, attempt, part_no, carrier, carrier_number, day, region, class,
                              template, department, state, submitted_at, handed_ms, done_at)
        SELECT m.account_no, m.message_id, p.attempt, p.part_no, p.carrier, NULLIF(p.carrier_number, ''),
               (COALESCE(m.sent_at, $8) AT TIME ZONE 'Asia/Shanghai')::date, m.region, m.class, m.template,
               m.department,
               CASE WHEN m.receipt_at IS NULL OR m.attempts <> p.attempt THEN 'submitted'
                    WHEN m.state = 'delivered' THEN 'delivered' WHEN m.state = 'rejected' THEN 'failed'
                    ELSE 'submitted' END,
               COALESCE(m.sent_at, $8), p.handed_ms, m.receipt_at
        FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::int[])
            AS p (account_no, message_id, attempt, part_no, carrier, carrier_number, handed_ms)
        JOIN sms_message m ON m.account_no = p.account_no AND m.message_id = p.message_id
        ON CONFLICT (account_no, message_id, attempt, part_no) DO NOTHING
        """,
        [one.account_no for one, _, _ in parts],
        [one.message_id for one, _, _ in parts],
        [one.attempt for one, _, _ in parts],
        [number for _, number, _ in parts],
        [one.carrier for one, _, _ in parts],
        [carrier_number for _, _, carrier_number in parts],
        [one.handed_ms for one, _, _ in parts],
        now,
    )
    # One number for all parts (part 0), or one each. A gateway's numbers come again after a year: the newer counts.
    numbers: dict[tuple[str, str], tuple[Outcome, int]] = {}
    for one, number, carrier_number in parts:
        if carrier_number:
            key = (carrier_number, one.carrier)
            numbers[key] = (one, 0) if key in numbers else (one, number)
    if not numbers:
        return
    await tx.execute(
        """
        INSERT INTO sms_carrier_number (carrier_number, carrier, account_no, message_id, attempt, part_no, taken_at)
        SELECT n.carrier_number, n.carrier, n.account_no, n.message_id, n.attempt, n.part_no, $7
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::int[], $6::smallint[])
            AS n (carrier_number, carrier, account_no, message_id, attempt, part_no)
        ON CONFLICT (carrier_number, carrier) DO UPDATE SET account_no = excluded.account_no,
            message_id = excluded.message_id, attempt = excluded.attempt, part_no = excluded.part_no,
            taken_at = excluded.taken_at
        """,
        [carrier_number for carrier_number, _ in numbers],
        [carrier for _, carrier in numbers],
        [one.account_no for one, _ in numbers.values()],
        [one.message_id for one, _ in numbers.values()],
        [one.attempt for one, _ in numbers.values()],
        [number for _, number in numbers.values()],
        now,
    )
    await strays.match_numbers(tx, carrier_numbers=list(numbers))
