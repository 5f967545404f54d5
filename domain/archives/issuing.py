"""A paper's life: issued in the transaction of its matter, sealed when fetched first, perhaps revoked."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from domain.archives import ports
from domain.archives.paper import Paper
from domain.archives.refusals import PAPER_REASON, PAPER_REVOKED, PAPER_UNKNOWN
from domain.archives.verifying import verification_code
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import canonical_json, sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

STATE_NAMES = {"issued": "有效", "revoked": "已撤销"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """`account_no`: whose it is, a personal account or an employer by its number."""

    account_no: int
    paper_no: str
    kind: str
    title: str
    holder_shown: str
    reference: str
    issued_on: date
    valid_until: date | None
    state: str
    issued_at: datetime
    digest: str | None
    revoked_at: datetime | None
    revoked_by_name: str | None
    revoke_reason: str | None

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def issue(
    tx: Transaction,
    *,
    actor: Actor,
    account_no: int,
    kind: str,
    letters: str,
    paper: Paper,
    holder_shown: str,
    reference: str,
    valid_until: date | None,
    now: datetime,
    business_date: date,
) -> str:
    """Issues a paper of `letters` (two capitals, such as HG) and returns its number. Rights and facts are the caller's
    matter; what stands on the paper is fixed from here on."""
    paper_no, paper_id = f"{letters}{business_date:%Y%m%d}{secrets.randbelow(10**10):010d}", new_id()
    await tx.execute(
        "INSERT INTO issued_paper (account_no, paper_id, paper_no, kind, title, holder_shown, reference, paper_cipher,"
        " issued_on, valid_until, state, issued_by, issued_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'issued', $11, $12)",
        account_no,
        paper_id,
        paper_no,
        kind,
        paper.title,
        holder_shown,
        reference,
        vault.current().encrypt(canonical_json(paper.as_json()).decode()),
        business_date,
        valid_until,
        actor.reference,
        now,
    )
    await tx.execute(
        "INSERT INTO paper_no_lookup (paper_no, account_no, paper_id) VALUES ($1, $2, $3)",
        paper_no,
        account_no,
        paper_id,
    )
    await audit.record(
        tx, actor=actor, action="paper.issued", subject=f"paper:{paper_no}", now=now,
        detail={"kind": kind, "reference": reference},
    )  # fmt: skip
    return paper_no


async def sealed_paper(*, actor: Actor, account_no: int, paper_no: str, now: datetime) -> bytes:
    """The sealed PDF; drawn and sealed now if nobody fetched it before. Two at once get the same bytes. Each fetch is
    an event. Rights are the caller's matter. Raises Refused for an unknown and for a revoked paper."""
    row = await _row(database.pool, account_no, paper_no)
    if row["state"] == "revoked":
        raise Refused(PAPER_REVOKED(on=business_date_of(row["revoked_at"])))
    sealed = vault.current()
    if row["content_cipher"] is None:
        content = await ports.current().make(
            paper=Paper.of_json(json.loads(sealed.decrypt(row["paper_cipher"]))),
            number=paper_no,
            code=verification_code(paper_no=paper_no),
            issued_on=row["issued_on"],
        )
        await database.execute(
            "UPDATE issued_paper SET content_cipher = $3, content_digest = $4, sealed_at = $5"
            " WHERE account_no = $1 AND paper_no = $2 AND content_cipher IS NULL AND state = 'issued'",
            account_no,
            paper_no,
            sealed.encrypt_file(content),
            sm3_hex(content),
            now,
        )
        row = await _row(database.pool, account_no, paper_no)
        if row["content_cipher"] is None:
            raise Refused(PAPER_REVOKED(on=business_date_of(row["revoked_at"])))
    content = sealed.decrypt_file(row["content_cipher"])
    assert sm3_hex(content) == row["content_digest"], f"paper {paper_no} is not what was sealed"
    await audit.record(None, actor=actor, action="paper.fetched", subject=f"paper:{paper_no}", now=now)
    return content


async def revoke(*, actor: Actor, account_no: int, paper_no: str, reason: str, now: datetime) -> PaperView:
    """Takes a paper back: its verification says so from now on. Once; again changes nothing. Rights are the caller's
    matter. Raises Refused."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 200:
        raise Refused(PAPER_REASON())
    async with transaction() as tx:
        row = await _row(tx, account_no, paper_no)
        status = await tx.execute(
            "UPDATE issued_paper SET state = 'revoked', revoked_by = $3, revoked_by_name = $4, revoked_at = $5,"
            " revoke_reason = $6 WHERE account_no = $1 AND paper_no = $2 AND state = 'issued'",
            account_no,
            paper_no,
            actor.reference,
            actor.name,
            now,
            reason,
        )
        if status.endswith(" 1"):
            await audit.record(
                tx, actor=actor, action="paper.revoked", subject=f"paper:{paper_no}", now=now,
                detail={"kind": row["kind"], "reason": reason},
            )  # fmt: skip
    return await paper_view(account_no=account_no, paper_no=paper_no)


async def papers_of(*, account_no: int, most: int = 100) -> list[PaperView]:
    """The newest first."""
    rows = await database.rows(
        f"SELECT {_SHOWN} FROM issued_paper WHERE account_no = $1 ORDER BY issued_at DESC LIMIT $2", account_no, most
    )
    return [view_of(row) for row in rows]


async def paper_view(*, account_no: int, paper_no: str) -> PaperView:
    """Raises Refused for a number that is none of the holder's."""
    return view_of(await _row(database.pool, account_no, paper_no))


async def _row(using: Executor, account_no: int, paper_no: str) -> Record:
    row = await using.row("SELECT * FROM issued_paper WHERE account_no = $1 AND paper_no = $2", account_no, paper_no)
    if row is None:
        raise Refused(PAPER_UNKNOWN())
    return row


_SHOWN = (
    "account_no, paper_no, kind, title, holder_shown, reference, issued_on, valid_until, state, issued_at,"
    " content_digest, revoked_at, revoked_by_name, revoke_reason"
)


def view_of(row: Record) -> PaperView:
    fields = {name: row[name] for name in PaperView.__dataclass_fields__ if name != "digest"}
    return PaperView(**fields, digest=row["content_digest"])
