"""Anybody may ask whether a paper is ours: by the number and the code that are printed on it, or by the file itself.

The code is worked out from the number under the vault's key, so that nobody can guess one for a number, and none has to
be kept. Who asks with a wrong code hears the same as for a number that does not exist.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import date

from domain.archives.refusals import PAPER_UNKNOWN
from domain.kernel import database, vault
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refused

_MISREAD = str.maketrans("OI", "89")
"""Base32 has neither 0 nor 1; without O and I nobody takes one for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """`same_file`: whether the file that was shown is the one that we sealed; None when none was shown. `expired`: its
    days are over."""

    paper_no: str
    title: str
    holder_shown: str
    issued_on: date
    valid_until: date | None
    revoked_on: date | None
    digest: str | None
    expired: bool
    same_file: bool | None

    @property
    def holds(self) -> bool:
        return self.revoked_on is None and not self.expired and self.same_file is not False


def verification_code(*, paper_no: str) -> str:
    """Eight characters, 40 bits, to be printed on a paper; `verify` knows it under every key that stands."""
    return _code(vault.current().blind_index(f"paper:{paper_no}"))


def _code(secret: bytes) -> str:
    return base64.b32encode(secret[:5]).decode().translate(_MISREAD)


async def verify(*, paper_no: str, code: str, content: bytes | None, business_date: date) -> Verified:
    """Raises Refused when number and code do not belong together, in the same words as for an unknown number."""
    paper_no, code = paper_no.strip().upper(), "".join(code.split()).upper()
    plain = paper_no.isascii() and paper_no.isalnum() and 12 <= len(paper_no) <= 24 and code.isascii()
    codes = [_code(secret) for secret in vault.current().blind_indexes(f"paper:{paper_no}")]
    if not plain or not any([hmac.compare_digest(one, code) for one in codes]):
        raise Refused(PAPER_UNKNOWN())
    found = await database.row("SELECT account_no FROM paper_no_lookup WHERE paper_no = $1", paper_no)
    if found is None:
        raise Refused(PAPER_UNKNOWN())
    row = await database.row(
        "SELECT title, holder_shown, issued_on, valid_until, revoked_at, content_digest FROM issued_paper"
        " WHERE account_no = $1 AND paper_no = $2",
        found["account_no"],
        paper_no,
    )
    assert row is not None, f"paper {paper_no} is looked up but not kept"
    return Verified(
        paper_no=paper_no,
        title=row["title"],
        holder_shown=row["holder_shown"],
        issued_on=row["issued_on"],
        valid_until=row["valid_until"],
        revoked_on=business_date_of(row["revoked_at"]) if row["revoked_at"] else None,
        digest=row["content_digest"],
        expired=row["valid_until"] is not None and row["valid_until"] < business_date,
        same_file=None if content is None else sm3_hex(content) == row["content_digest"],
    )
