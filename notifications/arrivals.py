"""What a receipt changes: parts first, then the message that they make up.

`delivered` is final. `failed` gives way to a later `delivered`, never the other way round, so that the order of arrival
does not matter. A message has arrived when all its parts have; it has failed as soon as one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.kernel.database import Executor

WHOLE = 0
"""Part number of a receipt that speaks for all parts."""
_CODE_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A receipt whose message is known."""

    account_no: int
    message_id: int
    attempt: int
    part_no: int
    carrier: str
    delivered: bool
    code: str
    at: datetime
    carrier_number: str | None


async def settle(tx: Executor, arrivals: Sequence[Arrival]) -> int:
    """Gives the number of messages that changed. Rows are changed by their whole keys."""
    best = _best(arrivals)
    if not best:
        return 0
    keys = (
        [one.account_no for one in best],
        [one.message_id for one in best],
        [one.attempt for one in best],
        [one.part_no for one in best],
    )
    # The answer to the submission got lost: the receipt is the proof that the carrier has the parts.
    await tx.execute(
        """
        INSERT INTO sms_part (account_no, message_id, attempt, part_no, carrier, carrier_number, day, region, class,
                              template, department, state, submitted_at, handed_ms)
        SELECT m.account_no, m.message_id, a.attempt, n, a.carrier, a.carrier_number,
               (COALESCE(m.sent_at, a.at) AT TIME ZONE 'Asia/Shanghai')::date, m.region, m.class, m.template,
               m.department, 'submitted', COALESCE(m.sent_at, a.at), 0
        FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::timestamptz[])
            AS a (account_no, message_id, attempt, part_no, carrier, carrier_number, at)
        JOIN sms_message m ON m.account_no = a.account_no AND m.message_id = a.message_id
        CROSS JOIN LATERAL generate_series(CASE WHEN a.part_no = 0 THEN 1 ELSE a.part_no END,
                                           CASE WHEN a.part_no = 0 THEN m.parts ELSE a.part_no END) n
        ON CONFLICT (account_no, message_id, attempt, part_no) DO NOTHING
        """,
        *keys,
        [one.carrier for one in best],
        [one.carrier_number for one in best],
        [one.at for one in best],
    )
    await tx.execute(
        """
        UPDATE sms_part p SET state = CASE WHEN a.delivered THEN 'delivered' ELSE 'failed' END, code = a.code,
                              done_at = a.at
        FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::bool[], $6::text[], $7::timestamptz[])
            AS a (account_no, message_id, attempt, part_no, delivered, code, at)
        WHERE p.account_no = a.account_no AND p.message_id = a.message_id AND p.attempt = a.attempt
          AND a.part_no IN (0, p.part_no) AND (p.state = 'submitted' OR (p.state = 'failed' AND a.delivered))
        """,
        *keys,
        [one.delivered for one in best],
        [one.code[:_CODE_LENGTH_MAX] for one in best],
        [one.at for one in best],
    )
    changed = await tx.rows(_MESSAGES, keys[0], keys[1])
    return len(changed)


# A receipt of an attempt that is over still counts when it says that everything arrived, even while the message waits
# to go out again: then it need not.
_MESSAGES = """
UPDATE sms_message m SET state = CASE WHEN p.delivered >= m.parts THEN 'delivered' ELSE 'rejected' END,
    last_code = p.code, receipt_at = p.at, carrier_message_id = COALESCE(m.carrier_message_id, p.carrier_number)
FROM (SELECT account_no, message_id, attempt, count(*) FILTER (WHERE state = 'delivered') AS delivered,
             count(*) FILTER (WHERE state = 'failed') AS failed, max(done_at) AS at,
             (array_agg(code ORDER BY (state = 'failed') DESC, part_no) FILTER (WHERE code IS NOT NULL))[1] AS code,
             min(carrier_number) AS carrier_number
      FROM sms_part WHERE account_no = ANY($1::bigint[]) AND message_id = ANY($2::bigint[]) GROUP BY 1, 2, 3) p
WHERE m.account_no = p.account_no AND m.message_id = p.message_id
  AND ((p.delivered >= m.parts AND m.state IN ('queued', 'sending', 'accepted', 'unknown', 'rejected', 'dead'))
       OR (p.failed > 0 AND p.attempt = m.attempts AND m.state IN ('sending', 'accepted', 'unknown')))
RETURNING m.message_id
"""


def _best(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """One for each part, in the order of keys so that two callers lock rows alike; `delivered` outdoes `failed`."""
    kept: dict[tuple[int, int, int, int], Arrival] = {}
    for one in arrivals:
        key = (one.account_no, one.message_id, one.attempt, one.part_no)
        if key not in kept or (one.delivered and not kept[key].delivered):
            kept[key] = one
    return [kept[key] for key in sorted(kept)]
