"""Verifying the hash chain from its first row against the books as they stand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.kernel import database
from domain.kernel.database import Executor, Record
from domain.kernel.digest import sm3
from domain.ledger.seals import CHUNK, GENESIS, Sealed, members

KINDS = {
    "changed": "凭证内容与上链时不同",
    "removed": "已上链的凭证不存在",
    "added": "日结之后增加的凭证",
    "link": "链值与推算不同",
    "missing_link": "链上缺少一环",
    "segment": "日的链尾与推算不同",
    "outside": "凭证不在任何已结的日中",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBreak:
    """The first thing that is wrong. `kind` is one of KINDS; `account_no` 0 is a general voucher."""

    kind: str
    seq: int
    day: str
    account_no: int
    voucher_id: int

    @property
    def words(self) -> str:
        who = f"账户{self.account_no}的" if self.account_no else ""
        return f"第{self.seq}环（{self.day}）：{who}凭证{self.voucher_id}，{KINDS[self.kind]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainProof:
    """`checked` vouchers in `segments` closed days; `link` is the last link that was reached."""

    checked: int
    segments: int
    link: str
    broken: ChainBreak | None

    @property
    def holds(self) -> bool:
        return self.broken is None


async def verify_chain(*, using: Executor = database.pool) -> ChainProof:
    """Reads everything, so it takes as long as the books are. Stops at the first break."""
    walk = _Walk(using)
    for segment in await using.rows("SELECT * FROM book_segment ORDER BY segment_no"):
        broken = await walk.segment(segment)
        if broken is not None:
            return walk.proof(broken)
        if segment["sealed_at"] is None:
            # only the chain's last segment may be unfinished: what follows is not sealed yet
            break
    return walk.proof(await walk.beyond())


class _Walk:
    def __init__(self, using: Executor) -> None:
        self.using = using
        self.seq = 0
        self.segments = 0
        self.link = GENESIS

    def proof(self, broken: ChainBreak | None) -> ChainProof:
        return ChainProof(checked=self.seq, segments=self.segments, link=self.link.hex(), broken=broken)

    async def segment(self, segment: Record) -> ChainBreak | None:
        live = members(self.using, segment=segment)
        through = segment["seq"] if segment["sealed_at"] is not None else None
        async for seal in self._seals(through):
            broken = self._compare(segment, seal, await anext(live, None))
            if broken is not None:
                return broken
            self.seq, self.link = seal["seq"], seal["link"]
        if through is None:
            return None
        if self.seq != through:
            return _break("missing_link", self.seq + 1, segment)
        left = await anext(live, None)
        if left is not None:
            return _break("added", self.seq, segment, left)
        if self.link != segment["link"]:
            return _break("segment", self.seq, segment)
        self.segments += 1
        return None

    def _compare(self, segment: Record, seal: Record, live: Sealed | None) -> ChainBreak | None:
        stored = Sealed(seal["account_no"], seal["voucher_id"], seal["digest"])
        if seal["seq"] != self.seq + 1 or seal["segment_no"] != segment["segment_no"]:
            return _break("missing_link", self.seq + 1, segment, stored)
        if live is None or stored.key < live.key:
            return _break("removed", seal["seq"], segment, stored)
        if live.key < stored.key:
            return _break("added", seal["seq"], segment, live)
        if live.digest != stored.digest:
            return _break("changed", seal["seq"], segment, stored)
        if seal["link"] != sm3(self.link + stored.digest):
            return _break("link", seal["seq"], segment, stored)
        return None

    async def _seals(self, through: int | None) -> AsyncIterator[Record]:
        """The links after the last one that was reached, up to the segment's end."""
        after = self.seq
        while True:
            rows = await self.using.rows(_SEALS, after, through, CHUNK)
            for row in rows:
                yield row
            if len(rows) < CHUNK:
                return
            after = rows[-1]["seq"]

    async def beyond(self) -> ChainBreak | None:
        """What stands on closed days without belonging to any of them, and links after the end."""
        row = await self.using.row(_OUTSIDE)
        if row is not None:
            return ChainBreak(
                kind="outside",
                seq=self.seq,
                day=str(row["posted_on"]),
                account_no=row["account_no"],
                voucher_id=row["voucher_id"],
            )
        more = await self.using.row("SELECT * FROM voucher_seal WHERE seq > $1 ORDER BY seq LIMIT 1", self.seq)
        if more is None:
            return None
        return ChainBreak(
            kind="link", seq=more["seq"], day="", account_no=more["account_no"], voucher_id=more["voucher_id"]
        )


def _break(kind: str, seq: int, segment: Record, one: Sealed | None = None) -> ChainBreak:
    account_no, voucher_id = (0, 0) if one is None else one.key
    return ChainBreak(kind=kind, seq=seq, day=str(segment["day"]), account_no=account_no, voucher_id=voucher_id)


_SEALS = """
SELECT seq, segment_no, account_no, voucher_id, digest, link FROM voucher_seal
WHERE seq > $1 AND ($2::bigint IS NULL OR seq <= $2) ORDER BY seq LIMIT $3
"""

_OUTSIDE = """
SELECT v.account_no, v.voucher_id, v.posted_on FROM (
    SELECT account_no, voucher_id, posted_on, part, account_set, period FROM voucher
    WHERE part > 0 OR posted_on < (SELECT min(day) FROM book_segment)
    UNION ALL
    SELECT 0, voucher_id, posted_on, part, account_set, period FROM general_voucher
    WHERE part > 0 OR posted_on < (SELECT min(day) FROM book_segment)) v
LEFT JOIN book_period b ON b.account_set = v.account_set AND b.period = v.period
WHERE (v.part = 0 OR b.period IS NULL OR v.part > b.openings OR (v.part < b.openings OR b.state = 'closed'))
    AND NOT EXISTS (SELECT FROM book_segment s
                    WHERE s.day = v.posted_on AND s.part = v.part AND s.account_set = v.account_set)
ORDER BY v.posted_on, v.account_no, v.voucher_id LIMIT 1
"""
