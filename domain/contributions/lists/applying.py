"""记: the accepted rows of a list take effect, piece by piece, by set-based statements; each piece and its mark commit
together, so that a runner may die at any point and the next goes on exactly there.

Accounts are locked in the order of their numbers, as everybody locks them. A row whose account has changed since it was
accepted is refused now and nothing of it happens; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import orjson

from domain import ledger
from domain.contributions.events import LIST_APPLIED
from domain.contributions.lists.checking import forget_file
from domain.contributions.numbers import take_numbers
from domain.contributions.persons import document_lookup_text
from domain.contributions.row_refusals import ROW_STATE, ROW_TWO_EMPLOYERS
from domain.contributions.rules.persons import STATE_NAMES
from domain.contributions.rules.rows import RowProblem
from domain.contributions.rules.transitions import transitions
from domain.kernel import audit, database, outbox, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import new_id

CHUNK_ROWS = 5_000


async def apply_list(
    *, employer_no: int, list_id: int, now: datetime, business_date: date, chunks_max: int | None = None
) -> str:
    """Goes on with a submitted list, to its end or for so many pieces. Returns its state."""
    pieces = 0
    while True:
        opening = await _openings_ahead(employer_no, list_id)
        first_account = await take_numbers(name="account", count=opening) if opening else 0
        async with transaction() as tx:
            row = await tx.row(
                "SELECT * FROM contribution_list WHERE employer_no = $1 AND list_id = $2 FOR UPDATE",
                employer_no,
                list_id,
            )
            assert row is not None, f"employer {employer_no} has no list {list_id}"
            if row["state"] != "applying":
                return str(row["state"])
            rows = await tx.rows(_NEXT, employer_no, list_id, row["applied_through"], CHUNK_ROWS)
            if not rows:
                return await _end(tx, row, now=now)
            piece = _Piece(tx, row, rows, now=now, business_date=business_date)
            await piece.carry_out(first_account=first_account, numbers=opening)
        pieces += 1
        if pieces == chunks_max:
            return "applying"


_NEXT = """
SELECT row_no, action, document_type, document_index, document_masked, document_cipher, name_masked, name_cipher,
       name_index, mobile_masked, mobile_cipher, base_fen, employer_fen, employee_fen, reason, person_id, account_no
FROM contribution_list_row
WHERE employer_no = $1 AND list_id = $2 AND row_no > $3 AND state = 'accepted' ORDER BY row_no LIMIT $4
"""


async def _openings_ahead(employer_no: int, list_id: int) -> int:
    """How many accounts the next piece opens at most: their numbers are taken before its transaction."""
    found: int = await database.value(
        # the mark as a value, so that the key begins there and not at the list's first row
        "SELECT count(*) FILTER (WHERE action = 'open') FROM (SELECT action FROM contribution_list_row"
        " WHERE employer_no = $1 AND list_id = $2 AND state = 'accepted' AND row_no > (SELECT applied_through"
        " FROM contribution_list WHERE employer_no = $1 AND list_id = $2) ORDER BY row_no LIMIT $3) AS piece",
        employer_no,
        list_id,
        CHUNK_ROWS,
    )
    return found


async def _end(tx: Transaction, row: Record, *, now: datetime) -> str:
    await tx.execute(
        "UPDATE contribution_list SET state = 'applied', ended_at = $3 WHERE employer_no = $1 AND list_id = $2",
        row["employer_no"],
        row["list_id"],
        now,
    )
    await forget_file(tx, employer_no=row["employer_no"], list_id=row["list_id"])
    await audit.record(
        tx,
        actor=SYSTEM,
        action="list.applied",
        subject=f"employer:{row['employer_no']}",
        now=now,
        detail={"list_no": row["list_no"], "rows": row["applied_count"]},
    )
    await outbox.emit(
        tx,
        account_no=row["employer_no"],
        kind=LIST_APPLIED,
        payload={
            "employer_no": str(row["employer_no"]),
            "list_id": str(row["list_id"]),
            "list_no": row["list_no"],
            "kind": row["kind"],
        },
        now=now,
    )
    return "applied"


class _Piece:
    """Some rows of one list in one transaction."""

    def __init__(
        self, tx: Transaction, row: Record, rows: Sequence[Record], *, now: datetime, business_date: date
    ) -> None:
        self.tx, self.list, self.rows = tx, row, rows
        self.now, self.business_date = now, business_date
        self.employer_no, self.list_id = int(row["employer_no"]), int(row["list_id"])
        self.month = YearMonth.of_period(row["period"])
        self.refused: dict[int, RowProblem] = {}

    async def carry_out(self, *, first_account: int, numbers: int) -> None:
        office_code = await self.tx.value("SELECT office_code FROM employer WHERE employer_no = $1", self.employer_no)
        opened = await self._open(
            [row for row in self.rows if row["action"] == "open"], office_code, first_account, numbers
        )
        standing = await self._lock([row for row in self.rows if row["action"] != "open"])
        by_action: dict[str, list[Record]] = {}
        for row in standing:
            by_action.setdefault(row["action"], []).append(row)
        for action, rows in by_action.items():
            await self._change(action, rows, office_code)
        begun = opened + [(row, row["account_no"]) for row in standing if self._effect(row) == "begins"]
        await self._begin(begun)
        await self._leave([row for row in standing if self._effect(row) == "ends"])
        await self._bases(begun + [(row, row["account_no"]) for row in standing if self._effect(row) == "changes"])
        await self._mark(opened)

    def _effect(self, row: Record) -> str:
        return transitions()[row["action"]].effect

    async def _open(
        self, rows: Sequence[Record], office_code: str, first_account: int, numbers: int
    ) -> list[tuple[Record, int]]:
        """03 开户: persons that are new are registered, each gets an account."""
        if not rows:
            return []
        assert len(rows) <= numbers, "more accounts to open than numbers were taken"
        persons = await self._persons(rows)
        busy = await self._with_account([persons[row["document_index"]] for row in rows])
        opened: list[tuple[Record, int]] = []
        for row in rows:
            if persons[row["document_index"]] in busy:
                # opened by another employer since the row was accepted
                self._refuse(row, RowProblem("document_no", ROW_TWO_EMPLOYERS()))
            else:
                opened.append((row, first_account + len(opened)))
        account_nos = [account_no for _, account_no in opened]
        person_ids = [persons[row["document_index"]] for row, _ in opened]
        await self.tx.execute(
            "INSERT INTO account (account_no, person_id, employer_no, office_code, state, base_fen,"
            " monthly_contribution_fen, opened_on)"
            " SELECT account_no, person_id, $1, $2, '01', base, monthly, $3"
            " FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])"
            " AS given (account_no, person_id, base, monthly)",
            self.employer_no,
            office_code,
            self.business_date,
            account_nos,
            person_ids,
            [row["base_fen"] for row, _ in opened],
            [row["employer_fen"] + row["employee_fen"] for row, _ in opened],
        )
        await self.tx.execute(
            "INSERT INTO person_account (person_id, account_no) SELECT * FROM unnest($1::bigint[], $2::bigint[])",
            person_ids,
            account_nos,
        )
        await ledger.open_accounts(self.tx, account_nos=account_nos, opened_on=self.business_date)
        self.persons = dict(zip(account_nos, person_ids, strict=True))
        return opened

    async def _persons(self, rows: Sequence[Record]) -> dict[bytes, int]:
        """Person by document, registered now where nobody was; two lists at once agree on one."""
        given = [new_id() for _ in rows]
        fresh = {
            row["document_index"]: row["person_id"]
            for row in await self.tx.rows(
                "INSERT INTO person_document (document_index, person_id)"
                " SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT DO NOTHING"
                " RETURNING document_index, person_id",
                [row["document_index"] for row in rows],
                given,
            )
        }
        new = [row for row in rows if row["document_index"] in fresh]
        await self.tx.execute(
            "INSERT INTO person (person_id, document_type, document_cipher, document_masked, name_cipher, name_masked,"
            " name_index, mobile_cipher, mobile_masked, created_at)"
            " SELECT given.*, $10 FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::bytea[],"
            " $6::text[], $7::bytea[], $8::bytea[], $9::text[]) AS given",
            [fresh[row["document_index"]] for row in new],
            *[
                [row[column] for row in new]
                for column in (
                    *("document_type", "document_cipher", "document_masked", "name_cipher", "name_masked"),
                    *("name_index", "mobile_cipher", "mobile_masked"),
                )
            ],
            self.now,
        )
        await self._under_both_keys(new, fresh)
        known = await self.tx.rows(
            "SELECT document_index, person_id FROM person_document WHERE document_index = ANY ($1)",
            [row["document_index"] for row in rows if row["document_index"] not in fresh],
        )
        return fresh | {row["document_index"]: row["person_id"] for row in known}

    async def _under_both_keys(self, rows: Sequence[Record], person_of: dict[bytes, int]) -> None:
        """While the key of look-ups is being changed, persons are found under either."""
        held = vault.current()
        if not held.changes_index:
            return
        others = [
            (other, person_of[row["document_index"]])
            for row in rows
            for other in held.lookup_indexes(
                document_lookup_text(
                    document_type=row["document_type"], document_no=held.decrypt(row["document_cipher"])
                )
            )
        ]
        await self.tx.execute(
            "INSERT INTO person_document (document_index, person_id)"
            " SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT DO NOTHING",
            [index for index, _ in others],
            [person_id for _, person_id in others],
        )

    async def _with_account(self, person_ids: Sequence[int]) -> set[int]:
        """Persons who have an account that is not closed. Whoever opens for the same person at the same time waits."""
        await self.tx.execute(
            "SELECT pg_advisory_xact_lock(18541, bucket) FROM (SELECT DISTINCT (person_id % 65536)::int AS bucket"
            " FROM unnest($1::bigint[]) AS person_id ORDER BY bucket) AS buckets",
            list(person_ids),
        )
        numbers = await self.tx.rows("SELECT account_no FROM person_account WHERE person_id = ANY ($1)", person_ids)
        rows = await self.tx.rows(
            "SELECT person_id FROM account WHERE account_no = ANY ($1) AND state NOT IN ('03', '04', '05')"
            " AND account_set = 'provident_fund'",
            [row["account_no"] for row in numbers],
        )
        return {row["person_id"] for row in rows}

    async def _lock(self, rows: Sequence[Record]) -> list[Record]:
        """Rows whose account is still in a state that allows them."""
        locked = {
            row["account_no"]: row
            for row in await self.tx.rows(
                "SELECT account_no, person_id, employer_no, state FROM account WHERE account_no = ANY ($1)"
                " ORDER BY account_no FOR NO KEY UPDATE",
                [row["account_no"] for row in rows],
            )
        }
        self.before = locked
        good = []
        for row in rows:
            step, account = transitions()[row["action"]], locked[row["account_no"]]
            here = account["employer_no"] == self.employer_no
            if account["state"] not in step.befores or here != (step.where == "here"):
                problem = ROW_STATE(state=STATE_NAMES[account["state"]], action=step.name)
                self._refuse(row, RowProblem("document_no", problem))
            else:
                good.append(row)
        return good

    async def _change(self, action: str, rows: Sequence[Record], office_code: str) -> None:
        step = transitions()[action]
        account_nos = [row["account_no"] for row in rows]
        if step.effect == "ends":
            await self.tx.execute(
                "UPDATE account SET state = $2, sealed_on = $3, close_reason = $4, closed_on = $5"
                " WHERE account_no = ANY ($1)",
                account_nos,
                step.after,
                self.business_date,
                "单位清册销户" if action == "close" else None,
                self.business_date if action == "close" else None,
            )
            return
        await self.tx.execute(
            "UPDATE account a SET state = $2, employer_no = $3, office_code = $4, base_fen = given.base,"
            " monthly_contribution_fen = given.monthly, sealed_on = NULL"
            " FROM unnest($1::bigint[], $5::bigint[], $6::bigint[]) AS given (account_no, base, monthly)"
            " WHERE a.account_no = given.account_no",
            account_nos,
            step.after,
            self.employer_no,
            office_code,
            [row["base_fen"] for row in rows],
            [row["employer_fen"] + row["employee_fen"] for row in rows],
        )

    async def _begin(self, begun: Sequence[tuple[Record, int]]) -> None:
        if not begun:
            return
        persons = getattr(self, "persons", {})
        await self.tx.execute(
            "INSERT INTO employment (employer_no, account_no, began_period, person_id, began_by, began_list_id)"
            " SELECT $1, account_no, $2, person_id, began_by, $3"
            " FROM unnest($4::bigint[], $5::bigint[], $6::text[]) AS given (account_no, person_id, began_by)"
            # sealed and unsealed within one month: the spell goes on
            " ON CONFLICT (employer_no, account_no, began_period) DO UPDATE SET ended_period = NULL, ended_by = NULL,"
            " end_reason = NULL, ended_list_id = NULL",
            self.employer_no,
            self.month.period,
            self.list_id,
            [account_no for _, account_no in begun],
            [persons.get(account_no) or self.before[account_no]["person_id"] for _, account_no in begun],
            [row["action"] for row, _ in begun],
        )

    async def _leave(self, rows: Sequence[Record]) -> None:
        await self.tx.execute(
            "UPDATE employment e SET ended_period = $2, ended_by = given.action, end_reason = given.reason,"
            " ended_list_id = $3"
            " FROM unnest($4::bigint[], $5::text[], $6::text[]) AS given (account_no, action, reason)"
            " WHERE e.employer_no = $1 AND e.account_no = given.account_no AND e.ended_period IS NULL",
            self.employer_no,
            self.month.minus(months=1).period,
            self.list_id,
            [row["account_no"] for row in rows],
            [row["action"] for row in rows],
            [row["reason"] for row in rows],
        )

    async def _bases(self, rows: Sequence[tuple[Record, int]]) -> None:
        await self.tx.execute(
            "INSERT INTO employment_base (employer_no, account_no, from_period, base_fen, employer_fen, employee_fen,"
            " list_id) SELECT $1, account_no, $2, base, employer, employee, $3"
            " FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])"
            " AS given (account_no, base, employer, employee)"
            " ON CONFLICT (employer_no, account_no, from_period) DO UPDATE SET base_fen = excluded.base_fen,"
            " employer_fen = excluded.employer_fen, employee_fen = excluded.employee_fen, list_id = excluded.list_id",
            self.employer_no,
            self.month.period,
            self.list_id,
            [account_no for _, account_no in rows],
            [row["base_fen"] for row, _ in rows],
            [row["employer_fen"] for row, _ in rows],
            [row["employee_fen"] for row, _ in rows],
        )

    def _said(self, row_no: int) -> str:
        """What is added to a row's problems, as JSON."""
        problem = self.refused.get(row_no)
        return orjson.dumps([problem.as_json()] if problem else []).decode()

    def _refuse(self, row: Record, problem: RowProblem) -> None:
        self.refused[row["row_no"]] = problem

    async def _mark(self, opened: Sequence[tuple[Record, int]]) -> None:
        numbers = {row["row_no"]: account_no for row, account_no in opened}
        await self.tx.execute(
            "UPDATE contribution_list_row r SET state = given.state, problems = r.problems || given.problems::jsonb,"
            " account_no = coalesce(given.account_no, r.account_no), document_cipher = NULL, name_cipher = NULL,"
            " mobile_cipher = NULL"
            " FROM unnest($3::int[], $4::text[], $5::bigint[], $6::text[])"
            " AS given (row_no, state, account_no, problems)"
            " WHERE r.employer_no = $1 AND r.list_id = $2 AND r.row_no = given.row_no",
            self.employer_no,
            self.list_id,
            [row["row_no"] for row in self.rows],
            ["refused" if row["row_no"] in self.refused else "applied" for row in self.rows],
            [numbers.get(row["row_no"]) for row in self.rows],
            [self._said(row["row_no"]) for row in self.rows],
        )
        await self.tx.execute(
            "UPDATE contribution_list SET applied_through = $3, applied_count = applied_count + $4,"
            " accepted_count = accepted_count - $5, refused_count = refused_count + $5"
            " WHERE employer_no = $1 AND list_id = $2",
            self.employer_no,
            self.list_id,
            self.rows[-1]["row_no"],
            len(self.rows) - len(self.refused),
            len(self.refused),
        )
