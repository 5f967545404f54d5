"""Asking the agencies again before agreed payments fall due, and reminding of what ends without consent.

Called by the worker again and again, a few at a time; outside any transaction. Which answers a kind needs, and what
their age or silence means, is the kinds' data; a silent agency is asked again after some minutes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import orjson

from domain import contributions, policy
from domain.cases import CheckRecord
from domain.kernel import database, vault
from domain.kernel.database import Record, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.withdrawals import subjects
from domain.withdrawals.answers import Asked, checks_of
from domain.withdrawals.arrangements import announce, lock_arrangement
from domain.withdrawals.due import kind_rows
from domain.withdrawals.gathering import Application, ask, ask_family
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.ports import PersonIdentity, Registries
from domain.withdrawals.rules import Answer, spouse_to_check

ASK_AGAIN_AFTER = timedelta(minutes=10)


async def ask_ahead(*, registries: Registries, business_date: date, now: datetime, most: int = 20) -> int:
    """Renews the answers of arrangements that fall due within the policy's days and have none fresh enough. Returns how
    many arrangements were asked about."""
    values = policy.on(business_date)
    rows = await database.rows(
        _TO_ASK,
        business_date + timedelta(days=values.number("withdrawal.arrangement.ask_ahead_days")),
        kind_rows(business_date),
        business_date - timedelta(days=values.number("withdrawal.registry_answer_fresh_days")),
        now - ASK_AGAIN_AFTER,
        most,
    )
    for row in rows:
        await _renew(row, registries=registries, now=now)
    return len(rows)


async def remind(*, business_date: date, now: datetime, most: int = 100) -> int:
    """Tells those who did not consent to renewal, once, that their arrangement ends soon (R08.3)."""
    days = policy.on(business_date).number("withdrawal.arrangement.remind_days")
    rows = await database.rows(
        "SELECT account_no, arrangement_id FROM withdrawal_arrangement WHERE state = 'running' AND NOT auto_renewal"
        " AND reminded_on IS NULL AND until_period <= $1 ORDER BY account_no LIMIT $2",
        YearMonth.of(business_date + timedelta(days=days)).period,
        most,
    )
    for found in rows:
        async with transaction() as tx:
            row = await lock_arrangement(tx, account_no=found["account_no"], arrangement_id=found["arrangement_id"])
            if row["reminded_on"] is not None or row["state"] != "running":
                continue
            await tx.execute(
                "UPDATE withdrawal_arrangement SET reminded_on = $3 WHERE account_no = $1 AND arrangement_id = $2",
                row["account_no"],
                row["arrangement_id"],
                business_date,
            )
            await announce(tx, row=row, what="reminded", reason="no_consent", now=now)
    return len(rows)


async def _renew(row: Record, *, registries: Registries, now: datetime) -> None:
    kind = kind_of(row["kind"])
    application = _application(row)
    clear = await contributions.clear_person(person_id=row["person_id"])
    person = PersonIdentity(name=clear.name, document_type=clear.document_type, document_no=clear.document_no)
    wanted = {check.code for check in kind.checks if check.at_payment != "none"}
    declared = application.declared()
    asked = await ask(wanted=wanted, person=person, declared=declared, registries=registries, now=now)
    spouse = spouse_to_check(marriage=asked.married, application=declared)
    asked = await ask_family(wanted=wanted, asked=asked, spouse=spouse, registries=registries, now=now)
    checks = [_for_payment(check, asked) for check in checks_of(kind=kind, asked=asked, declared=declared)]
    async with transaction() as tx:
        locked = await lock_arrangement(tx, account_no=row["account_no"], arrangement_id=row["arrangement_id"])
        for check in checks:
            await tx.execute(
                "INSERT INTO arrangement_check (account_no, arrangement_id, kind, agency, asked_at, as_of, outcome,"
                " summary, trace_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
                " ON CONFLICT (account_no, arrangement_id, kind) DO UPDATE SET agency = excluded.agency,"
                " asked_at = excluded.asked_at, as_of = excluded.as_of, outcome = excluded.outcome,"
                " summary = excluded.summary, trace_no = excluded.trace_no",
                row["account_no"],
                row["arrangement_id"],
                check.kind,
                check.agency,
                check.asked_at,
                business_date_of(check.as_of) if check.as_of else None,
                check.outcome,
                check.summary,
                check.trace_no,
            )
        loan = asked.loan.value if asked.loan is not None else None
        if kind.limit == "repaid" and loan is not None and locked["subject_key"]:
            await subjects.widen(
                tx,
                subject_key=locked["subject_key"],
                account_no=locked["account_no"],
                case_id=locked["case_id"],
                arrangement_id=locked["arrangement_id"],
                whole=loan.repaid,
            )


def _for_payment(check: CheckRecord, asked: Asked) -> CheckRecord:
    """Of the contributor's own life, no registered death is what has to be found."""
    if check.kind != "death" or check.outcome == "unanswered":
        return check
    return replace(check, outcome="failed" if check.outcome == "passed" else "passed")


def _application(row: Record) -> Application:
    """The application as it was declared, from what was sealed with the arrangement. Rows from before that have none of
    it: they are rent without a home, and a spouse whom the registry does not name is not known for them."""
    kind: Kind = kind_of(row["kind"])
    asked = orjson.loads(vault.current().decrypt(row["asked_cipher"])) if row["asked_cipher"] else {}
    types = {field.code: field.type for field in kind.fields}
    fields: dict[str, Answer] = {
        code: Money.parse(value) if types.get(code) == "money" else value
        for code, value in asked.get("fields", {}).items()
    }
    return Application(
        kind=kind.code,
        card_id=row["card_id"],
        commitment=True,
        frequency=row["frequency"],
        spouse_name=asked.get("spouse_name"),
        spouse_document_no=asked.get("spouse_document_no"),
        fields=fields,
    )


_TO_ASK = """
SELECT a.account_no, a.arrangement_id, a.kind, a.card_id, a.frequency, a.asked_cipher, acc.person_id
FROM withdrawal_arrangement a
JOIN jsonb_to_recordset($2::jsonb) AS k (kind text, wait text[]) ON k.kind = a.kind
JOIN account acc ON acc.account_no = a.account_no
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE h.outcome <> 'unanswered' AND h.as_of >= $3 AND h.kind = ANY(k.wait)) AS fresh,
           max(h.asked_at) AS asked_at
    FROM arrangement_check h WHERE h.account_no = a.account_no AND h.arrangement_id = a.arrangement_id) q ON true
WHERE a.state = 'running' AND a.next_due_on <= $1 AND q.fresh < cardinality(k.wait)
    AND (q.asked_at IS NULL OR q.asked_at < $4)
ORDER BY a.next_due_on, a.account_no LIMIT $5
"""
