"""未受理的申请: what the rule refused before there was a case, kept sealed for a while so that a rehearsal can show who
would gain under a proposed rule.

Only refusals of the rule are kept, not those of a channel or a running case. Nobody reads them one by one: a rehearsal
shows kinds, amounts and reasons without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain import policy
from domain.kernel import database, vault
from domain.kernel.digest import canonical_json
from domain.withdrawals.kinds import Kind
from domain.withdrawals.rules import Declaration, Facts, written


async def keep_refused(
    *,
    account_no: int,
    kind: Kind,
    office_code: str,
    codes: Sequence[str],
    facts: Facts,
    declared: Declaration,
    business_date: date,
    now: datetime,
) -> None:
    """Keeps the last refused application of an account and kind on a day, after what was refused was rolled back."""
    keep_days = policy.on(business_date).number("withdrawal.refused_application_keep_days")
    await database.execute(
        "INSERT INTO refused_application (account_no, kind, business_date, refused_at, office_code, codes,"
        " facts_cipher, keep_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (account_no, kind, business_date) DO UPDATE SET refused_at = excluded.refused_at,"
        " codes = excluded.codes, facts_cipher = excluded.facts_cipher, keep_until = excluded.keep_until",
        account_no,
        kind.code,
        business_date,
        now,
        office_code,
        list(codes),
        vault.current().encrypt(canonical_json(written(facts=facts, declared=declared)).decode()),
        business_date + timedelta(days=keep_days),
    )


async def forget_refused(*, business_date: date) -> int:
    """Throws away what was kept long enough. Returns how many."""
    status = await database.execute("DELETE FROM refused_application WHERE keep_until < $1", business_date)
    return int(status.rpartition(" ")[2])
