"""对账单: importing a bank's statement, by download or from a file, and finding the notices that never came.

A statement is taken whole or not at all. Lines that brought money and were never told by notice become receipts of
source `statement`. A later statement of the same day takes the place of an earlier one only if it contains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.kernel import audit, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import text
from domain.settlement.accounts import BankAccount, bank_account, bank_accounts
from domain.settlement.desk import begun, finished, require_funds
from domain.settlement.ports import FundsGateway
from domain.settlement.receiving import lock_tellings, take_receipt
from domain.settlement.refusals import (
    BANK_SILENT,
    STATEMENT_ACCOUNT,
    STATEMENT_CONTRADICTS,
    STATEMENT_FUTURE,
    STATEMENT_GAP,
)
from domain.settlement.statement_format import Row, Statement, parse_statement
from domain.settlement.transfers import names_own, own_serials


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImported:
    """`missing_notices`: receipts that no notice had told of. `new` is False when these bytes were here before."""

    statement_id: int
    bank_account_code: str
    day: date
    new: bool
    line_count: int
    missing_notices: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFetched:
    """One account of `fetch_statements`: what was imported, or why not."""

    bank_account_code: str
    imported: StatementImported | None
    problem: str | None


async def import_statement(
    *, actor: Actor, bank_account_code: str, raw: bytes, request_key: str, now: datetime, business_date: date
) -> StatementImported:
    """A file that staff have from the bank. Raises Refused with every fault found; then nothing is changed."""
    require_funds(actor)
    account = await bank_account(code=bank_account_code)
    statement = parse_statement(raw)
    digest = sm3_hex(raw)
    async with transaction() as tx:
        given = {"bank_account_code": bank_account_code, "digest": digest}
        earlier = await begun(
            tx, actor=actor, operation="import_statement", request_key=request_key, given=given, now=now
        )
        imported = await _take(
            tx,
            actor=actor,
            account=account,
            statement=statement,
            digest=digest,
            source="file",
            now=now,
            business_date=business_date,
        )
        if earlier is None:
            await finished(tx, actor=actor, request_key=request_key, number=imported.statement_id)
    return imported


async def fetch_statement(
    *,
    actor: Actor,
    bank_account_code: str,
    day: date,
    gateway: FundsGateway,
    now: datetime,
    business_date: date,
) -> StatementImported:
    """Downloads a day's movements (113) and imports them; also how a bank is asked for notices that did not come.
    Safe to repeat: the same statement is taken once. Raises Refused."""
    if actor != SYSTEM:
        require_funds(actor)
    account = await bank_account(code=bank_account_code)
    if day > business_date:
        raise Refused(STATEMENT_FUTURE())
    answer = await gateway.statement(bank_code=account.bank_code, account_no=account.number, day=day, now=now)
    if answer.status != "whole":
        raise Refused(BANK_SILENT(reason=answer.message or "银行没有当日对账单"))
    statement = parse_statement(answer.content)
    if statement.day != day:
        raise Refused(BANK_SILENT(reason="银行返回了其他日期的对账单"))
    async with transaction() as tx:
        return await _take(
            tx,
            actor=actor,
            account=account,
            statement=statement,
            digest=sm3_hex(answer.content),
            source="download",
            now=now,
            business_date=business_date,
        )


async def fetch_statements(
    *, day: date, gateway: FundsGateway, now: datetime, business_date: date
) -> list[StatementFetched]:
    """The day's statement of every open account, for the day-end: one that fails does not keep the others."""
    results = []
    for account in await bank_accounts():
        try:
            imported = await fetch_statement(
                actor=SYSTEM,
                bank_account_code=account.code,
                day=day,
                gateway=gateway,
                now=now,
                business_date=business_date,
            )
            results.append(StatementFetched(bank_account_code=account.code, imported=imported, problem=None))
        except Refused as refused:
            problem = refused.refusals[0].message
            results.append(StatementFetched(bank_account_code=account.code, imported=None, problem=problem))
    return results


async def _take(
    tx: Transaction,
    *,
    actor: Actor,
    account: BankAccount,
    statement: Statement,
    digest: str,
    source: str,
    now: datetime,
    business_date: date,
) -> StatementImported:
    await lock_tellings(tx, bank_code=account.bank_code, serials=[row.host_serial_no for row in statement.rows])
    # One import of an account at a time: the next sees what this one has taken.
    await tx.execute("SELECT 1 FROM bank_account WHERE code = $1 FOR NO KEY UPDATE", account.code)
    if statement.account_number != account.number:
        raise Refused(STATEMENT_ACCOUNT())
    if statement.day > business_date:
        raise Refused(STATEMENT_FUTURE())
    standing = await tx.row(
        "SELECT * FROM bank_statement WHERE bank_account_code = $1 AND day = $2 AND (digest = $3 OR state = 'current')"
        " ORDER BY digest = $3 DESC LIMIT 1",
        account.code,
        statement.day,
        digest,
    )
    if standing is not None and standing["digest"] == digest:
        return await _imported(tx, row=standing, new=False)
    await _check_continuity(tx, account=account, statement=statement)
    if standing is not None:
        await _supersede(tx, standing=standing, statement=statement)
    statement_id = await _write(
        tx, actor=actor, account=account, statement=statement, digest=digest, source=source, now=now
    )
    own = await own_serials(tx, texts=[row.remark for row in statement.rows])
    missing = 0
    for row in statement.rows:
        if not (row.amount.fen > 0 or row.reversal) or names_own(row.remark, own=own):
            continue
        taken = await take_receipt(
            tx,
            bank_code=account.bank_code,
            row=row,
            source="statement",
            now=now,
            business_date=business_date,
        )
        missing += taken.new
    await audit.record(
        tx,
        actor=actor,
        action="statement.imported",
        subject=f"statement:{statement_id}",
        now=now,
        detail={
            "bank_account": account.code,
            "day": statement.day,
            "digest": digest,
            "lines": len(statement.rows),
            "missing_notices": missing,
        },
    )
    written = await tx.row("SELECT * FROM bank_statement WHERE statement_id = $1", statement_id)
    assert written is not None
    return await _imported(tx, row=written, new=True)


async def _check_continuity(tx: Transaction, *, account: BankAccount, statement: Statement) -> None:
    """Neighbouring days join; a day that is missing altogether is found by the adjustment."""
    before = await tx.value(
        "SELECT closing_fen FROM bank_statement WHERE bank_account_code = $1 AND day = $2 AND state = 'current'",
        account.code,
        statement.day - timedelta(days=1),
    )
    after = await tx.value(
        "SELECT opening_fen FROM bank_statement WHERE bank_account_code = $1 AND day = $2 AND state = 'current'",
        account.code,
        statement.day + timedelta(days=1),
    )
    if before is not None and before != statement.opening.fen:
        raise Refused(STATEMENT_GAP(opening=statement.opening, closing=Money(before)))
    if after is not None and after != statement.closing.fen:
        raise Refused(STATEMENT_GAP(opening=Money(after), closing=statement.closing))


async def _supersede(tx: Transaction, *, standing: Record, statement: Statement) -> None:
    kept = {row.host_serial_no: row.amount.fen for row in statement.rows}
    lines = await tx.rows(
        "SELECT host_serial_no, amount_fen FROM bank_statement_line WHERE statement_id = $1 ORDER BY line_no",
        standing["statement_id"],
    )
    for line in lines:
        if kept.get(line["host_serial_no"]) != line["amount_fen"]:
            raise Refused(STATEMENT_CONTRADICTS(serial=line["host_serial_no"]))
    if standing["opening_fen"] != statement.opening.fen:
        raise Refused(STATEMENT_CONTRADICTS(serial="期初余额"))
    await tx.execute("UPDATE bank_statement SET state = 'superseded' WHERE statement_id = $1", standing["statement_id"])


async def _write(
    tx: Transaction,
    *,
    actor: Actor,
    account: BankAccount,
    statement: Statement,
    digest: str,
    source: str,
    now: datetime,
) -> int:
    statement_id = new_id()
    await tx.execute(
        "INSERT INTO bank_statement (statement_id, bank_account_code, day, source, digest, state, opening_fen,"
        " closing_fen, line_count, in_fen, out_fen, notes, imported_by, imported_by_name, imported_at)"
        " VALUES ($1, $2, $3, $4, $5, 'current', $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        statement_id,
        account.code,
        statement.day,
        source,
        digest,
        statement.opening.fen,
        statement.closing.fen,
        len(statement.rows),
        statement.received.fen,
        statement.paid.fen,
        list(statement.notes),
        actor.reference,
        actor.name,
        now,
    )
    await _write_lines(tx, statement_id=statement_id, account=account, rows=statement.rows)
    return statement_id


async def _write_lines(tx: Transaction, *, statement_id: int, account: BankAccount, rows: Sequence[Row]) -> None:
    sealed = vault.current()
    columns = list(
        zip(
            *(
                (
                    row.sequence,
                    row.host_serial_no,
                    row.booked_on,
                    row.booked_time,
                    row.amount.fen,
                    row.balance.fen,
                    row.reversal,
                    sealed.encrypt(row.counterparty_account),
                    text.shown_account(row.counterparty_account),
                    text.shown_name(row.counterparty_name),
                    row.remark,
                    row.summary,
                )
                for row in rows
            ),
            strict=True,
        )
    )
    if columns:
        await tx.execute(_LINES, statement_id, account.code, *[list(column) for column in columns])


_LINES = """
INSERT INTO bank_statement_line (statement_id, bank_account_code, line_no, host_serial_no, booked_on, booked_time,
    amount_fen, balance_fen, reversal, counterparty_account_cipher, counterparty_account_masked,
    counterparty_name_masked, remark, summary)
SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::date[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[],
    $10::bytea[], $11::text[], $12::text[], $13::text[], $14::text[])
"""


async def _imported(tx: Transaction, *, row: Record, new: bool) -> StatementImported:
    missing = await tx.rows(
        "SELECT r.receipt_id FROM bank_statement_line l"
        " JOIN bank_account a ON a.code = l.bank_account_code"
        " JOIN bank_receipt r ON r.bank_code = a.bank_code AND r.host_serial_no = l.host_serial_no"
        "     AND r.booked_on = l.booked_on"
        " WHERE l.statement_id = $1 AND r.source = 'statement' ORDER BY l.line_no",
        row["statement_id"],
    )
    return StatementImported(
        statement_id=row["statement_id"],
        bank_account_code=row["bank_account_code"],
        day=row["day"],
        new=new,
        line_count=row["line_count"],
        missing_notices=tuple(one["receipt_id"] for one in missing),
        notes=tuple(row["notes"]),
    )
