"""Judged rows written, many in one statement.

What identifies a person is sealed, and kept only while it is needed: of a known person the number is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from domain.contributions.lists.judging import JudgedRow, ListTerms
from domain.kernel import vault
from domain.kernel.database import Transaction
from domain.kernel.identifiers import mask_id_document, mask_mobile, mask_name

TEXT_KEPT_MAX = 40


async def insert_rows(tx: Transaction, *, terms: ListTerms, rows: Sequence[JudgedRow]) -> None:
    values = [_values(judged) for judged in rows]
    await tx.execute(_INSERT, terms.employer_no, terms.list_id, *map(list, zip(*values, strict=True)))


async def update_rows(tx: Transaction, *, terms: ListTerms, rows: Sequence[JudgedRow]) -> None:
    """For rows that were checked again."""
    values = [_values(judged) for judged in rows]
    await tx.execute(_INSERT + _AGAIN, terms.employer_no, terms.list_id, *map(list, zip(*values, strict=True)))


_AGAIN = """
ON CONFLICT (employer_no, list_id, row_no) DO UPDATE SET employer_fen = excluded.employer_fen,
    employee_fen = excluded.employee_fen, person_id = excluded.person_id, account_no = excluded.account_no,
    document_cipher = excluded.document_cipher, name_cipher = excluded.name_cipher, state = excluded.state,
    problems = excluded.problems
"""
_COLUMNS = """row_no, action, document_type, document_index, document_masked,
    document_cipher, name_masked, name_cipher, name_index, mobile_masked, mobile_cipher, base_fen, period, given_fen,
    employer_fen, employee_fen, reason, person_id, account_no, state"""
_INSERT = f"""
INSERT INTO contribution_list_row (employer_no, list_id, {_COLUMNS}, problems)
SELECT $1, $2, {_COLUMNS}, problems::jsonb FROM unnest($3::int[], $4::text[], $5::text[], $6::bytea[], $7::text[],
    $8::bytea[], $9::text[], $10::bytea[], $11::bytea[], $12::text[], $13::bytea[], $14::bigint[], $15::int[],
    $16::bigint[], $17::bigint[], $18::bigint[], $19::text[], $20::bigint[], $21::bigint[], $22::text[], $23::text[])
    AS given ({_COLUMNS}, problems)
"""


def _values(judged: JudgedRow) -> tuple[object, ...]:
    row, asked = judged.row, judged.asked
    state = "accepted" if judged.accepted else "refused"
    problems = orjson.dumps([problem.as_json() for problem in judged.problems]).decode()
    if row is None or asked is None or judged.gathered is None:
        said = judged.texts
        return (
            judged.row_no,
            said.get("action", "")[:TEXT_KEPT_MAX],
            None,
            None,
            mask_id_document(said.get("document_no", "")[:TEXT_KEPT_MAX]),
            None,
            mask_name(said.get("name", "")[:TEXT_KEPT_MAX]),
            *[None] * 12,
            state,
            problems,
        )
    person_id = judged.gathered.person_id
    sealed = vault.current()
    # a person not known yet will be registered; a refused row may be checked again
    keeps = person_id is None or state == "refused"
    return (
        judged.row_no,
        row.action,
        row.document_type,
        asked.document_index,
        mask_id_document(row.document_no),
        sealed.encrypt(row.document_no) if keeps else None,
        mask_name(row.name),
        sealed.encrypt(row.name) if keeps else None,
        asked.name_index,
        mask_mobile(row.mobile) if row.mobile else None,
        sealed.encrypt(row.mobile) if row.mobile else None,
        row.base.fen if row.base else None,
        judged.month.period if judged.month else None,
        row.monthly.fen if row.monthly else None,
        judged.parts.employer.fen if judged.parts else None,
        judged.parts.employee.fen if judged.parts else None,
        row.reason,
        person_id,
        judged.account_no,
        state,
        problems,
    )
