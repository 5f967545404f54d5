"""The hash chain (SM3) over all vouchers: what was booked can be shown to be what stands there.

Closed days are sealed one after the other, each voucher in turn: digest = SM3 over the text of its head and lines, made
by the store; link = SM3(link before ‖ digest). A batch has one digest over the lines of all its accounts. Whoever
changes, adds or removes a row breaks the chain at that voucher; whoever writes the chain anew as well cannot write anew
the last link, which the audit trail of each day keeps and anybody may note down.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg.exceptions import PostgresError
from cryptography.hazmat.primitives import hashes

from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Executor, Record
from domain.kernel.digest import sm3

GENESIS = bytes(32)
CHUNK = 2000
LINES_CHUNK = 20_000
_MOVED_ON = "HF011"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A voucher as the chain sees it; `account_no` 0 for a general one."""

    account_no: int
    voucher_id: int
    digest: bytes

    @property
    def key(self) -> tuple[int, int]:
        return self.account_no, self.voucher_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where the chain stands. `waiting` counts closed days and supplements that are not sealed."""

    seq: int
    link: str
    sealed_through: date | None
    waiting: int


async def seal_day(*, business_date: date, now: datetime) -> int:
    """Seals every closed day up to the date that is not sealed yet, and supplements of earlier months. Returns the
    number of vouchers. It may be cut off anywhere: the next call goes on after the last link."""
    sealed = 0
    while (segment := await _next_segment(business_date)) is not None:
        try:
            sealed += await _seal(segment, now=now)
        except PostgresError as error:
            # somebody else seals too: what they have done is done
            if getattr(error, "sqlstate", "") != _MOVED_ON:
                raise
    return sealed


async def chain_head() -> ChainHead:
    row = await database.row(_HEAD)
    assert row is not None
    link = row["link"] or GENESIS
    return ChainHead(seq=row["seq"], link=link.hex(), sealed_through=row["sealed_through"], waiting=row["waiting"])


async def _next_segment(business_date: date) -> Record | None:
    return await database.row(
        "SELECT segment_no, day, part, account_set FROM book_segment WHERE sealed_at IS NULL"
        " AND (day <= $1 OR part > 0) ORDER BY segment_no LIMIT 1",
        business_date,
    )


async def _seal(segment: Record, *, now: datetime) -> int:
    last = await database.row(
        "SELECT seq, segment_no, account_no, voucher_id, link FROM voucher_seal ORDER BY seq DESC LIMIT 1"
    )
    seq, link, after = (0, GENESIS, (0, 0)) if last is None else (last["seq"], last["link"], (0, 0))
    if last is not None and last["segment_no"] == segment["segment_no"]:
        after = (last["account_no"], last["voucher_id"])
    before, count, chunk, links = seq, 0, list[Sealed](), list[bytes]()
    async for one in members(database.pool, segment=segment, after=after):
        link = sm3(link + one.digest)
        chunk.append(one)
        links.append(link)
        if len(chunk) == CHUNK:
            await _add(segment, seq, chunk, links, now=now, ends=False)
            seq, count, chunk, links = seq + CHUNK, count + CHUNK, [], []
    await _add(segment, seq, chunk, links, now=now, ends=True, link=link)
    if seq + len(chunk) > before or after != (0, 0):
        await audit.record(
            None,
            actor=SYSTEM,
            action="books.sealed",
            subject=f"books:{segment['day']}",
            detail={"seq": seq + len(chunk), "link": link.hex()},
            now=now,
        )
    return count + len(chunk)


async def _add(
    segment: Record,
    seq: int,
    chunk: list[Sealed],
    links: list[bytes],
    *,
    now: datetime,
    ends: bool,
    link: bytes | None = None,
) -> None:
    await database.execute(
        "SELECT ledger_seal($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        segment["segment_no"],
        seq,
        [one.account_no for one in chunk],
        [one.voucher_id for one in chunk],
        [one.digest for one in chunk],
        links,
        ends,
        link,
        now,
    )


async def members(using: Executor, *, segment: Record, after: tuple[int, int] = (0, 0)) -> AsyncIterator[Sealed]:
    """The vouchers of a segment as they stand now, in the chain's order: general ones, then by account."""
    day, part, account_set = segment["day"], segment["part"], segment["account_set"]
    account_no, voucher_id = after
    while account_no == 0:
        rows = await using.rows(_GENERAL, day, part, account_set, voucher_id, CHUNK)
        for row in rows:
            digest = await _batch_digest(using, row) if row["is_batch"] else sm3(row["content"].encode())
            yield Sealed(0, row["voucher_id"], digest)
        if len(rows) < CHUNK:
            break
        voucher_id = rows[-1]["voucher_id"]
    while True:
        rows = await using.rows(_PERSONAL, day, part, account_set, account_no, voucher_id if account_no else 0, CHUNK)
        for row in rows:
            yield Sealed(row["account_no"], row["voucher_id"], sm3(row["content"].encode()))
        if len(rows) < CHUNK:
            break
        account_no, voucher_id = rows[-1]["account_no"], rows[-1]["voucher_id"]


async def _batch_digest(using: Executor, head_row: Record) -> bytes:
    """Over the head, its lines, and every account's line in the order of account numbers."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(head_row["content"].encode())
    low, high = head_row["account_from"] or 0, head_row["account_to"] or 2**63 - 1
    while True:
        row = await using.row(_BATCH_LINES, head_row["period"], head_row["voucher_id"], low, high, LINES_CHUNK)
        if row is None or row["last"] is None:
            return digest.finalize()
        digest.update(row["content"].encode())
        low = row["last"] + 1


_HEAD = """
SELECT coalesce((SELECT max(seq) FROM voucher_seal), 0) AS seq,
       (SELECT link FROM voucher_seal ORDER BY seq DESC LIMIT 1) AS link,
       (SELECT max(day) FROM book_segment WHERE sealed_at IS NOT NULL AND part = 0) AS sealed_through,
       (SELECT count(*) FROM book_segment WHERE sealed_at IS NULL) AS waiting
"""

# The text of a voucher: JSON arrays as the store writes them, one a line; instants in microseconds.
_GENERAL = """
SELECT v.voucher_id, v.period, v.is_batch, v.account_from, v.account_to,
       jsonb_build_array('general', v.account_set, v.period, v.voucher_id, v.business_key, encode(v.input_hash, 'hex'),
           v.kind, v.summary, v.case_id, v.debit_fen, v.credit_fen, v.effective_on, v.posted_on,
           (extract(epoch FROM v.recorded_at) * 1000000)::bigint, v.prepared_by, v.reverses_voucher_id, v.reason,
           v.is_batch, v.part)::text
       || coalesce((SELECT string_agg(E'\\n' || jsonb_build_array(l.line_no, l.subject, l.auxiliary, l.side,
                        l.amount_fen, l.detailed)::text, '' ORDER BY l.line_no)
                    FROM general_line l WHERE l.account_set = v.account_set AND l.period = v.period
                        AND l.voucher_id = v.voucher_id), '') AS content
FROM general_voucher v
WHERE v.posted_on = $1 AND v.part = $2 AND $3 IN ('', v.account_set) AND v.voucher_id > $4
ORDER BY v.voucher_id LIMIT $5
"""

_LINE = """jsonb_build_array(p.account_no, p.line_no, p.account_set, p.subject, p.auxiliary, p.side, p.amount_fen,
    p.sequence, p.balance_before_fen, p.balance_after_fen, p.carried_over_fen, p.current_year_fen)::text"""

_PERSONAL = f"""
SELECT v.account_no, v.voucher_id,
       jsonb_build_array('personal', v.account_no, v.account_set, v.period, v.voucher_id, v.business_key,
           encode(v.input_hash, 'hex'), v.kind, v.summary, v.case_id, v.debit_fen, v.credit_fen, v.effective_on,
           v.posted_on, (extract(epoch FROM v.recorded_at) * 1000000)::bigint, v.reverses_voucher_id, v.reason,
           v.part)::text
       || coalesce((SELECT string_agg(E'\\n' || {_LINE}, '' ORDER BY p.line_no) FROM posting p
                    WHERE p.account_no = v.account_no AND p.period = v.period AND p.voucher_id = v.voucher_id), '')
           AS content
FROM voucher v
WHERE v.posted_on = $1 AND v.part = $2 AND $3 IN ('', v.account_set) AND (v.account_no, v.voucher_id) > ($4, $5)
ORDER BY v.account_no, v.voucher_id LIMIT $6
"""

# Whole accounts, as many as have this many lines together; `last` is the last account of them.
_BATCH_LINES = f"""
SELECT string_agg(E'\\n' || {_LINE}, '' ORDER BY p.account_no, p.line_no) AS content, max(p.account_no) AS last
FROM (SELECT * FROM posting
      WHERE period = $1 AND voucher_id = $2 AND account_no BETWEEN $3 AND coalesce(
          (SELECT account_no FROM posting WHERE period = $1 AND voucher_id = $2 AND account_no BETWEEN $3 AND $4
           ORDER BY account_no OFFSET $5 LIMIT 1), $4)) p
"""
