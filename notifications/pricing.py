"""What a part costs: prices by carrier, date and tier, in milli-fen (a thousandth of a fen), never in floats.

`graduated`: each part at the price of the tier that it falls into; `whole`: all parts of the month at the price of the
tier that the month has reached. `basis` says whether a part is billed when the carrier took it or when it arrived. A
month is billed in whole fen, rounded half up once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from notifications.refusals import PRICE_BEFORE, PRICES_MALFORMED

Basis = Literal["submitted", "delivered"]
Tiering = Literal["graduated", "whole"]
BASIS_NAMES: dict[Basis, str] = {"submitted": "提交成功即计费", "delivered": "送达才计费"}
TIERING_NAMES: dict[Tiering, str] = {"graduated": "分段累进", "whole": "全量按达到的档位"}
MILLI = 1_000
PRICE_MILLI_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """From this many parts in a month (0 the first) a part costs `price_milli`."""

    from_parts: int
    price_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A carrier's prices from a date on; `tiers` in order, the first from 0."""

    carrier: str
    valid_from: date
    basis: Basis
    tiering: Tiering
    tiers: tuple[Tier, ...]
    source: str = ""

    def cost_milli(self, *, parts: int, before: int = 0) -> int:
        """Of `parts` parts after `before` others of the same month."""
        assert parts >= 0 and before >= 0
        if self.tiering == "whole":
            reached = max(tier.from_parts for tier in self.tiers if tier.from_parts <= max(before + parts - 1, 0))
            price = next(tier.price_milli for tier in self.tiers if tier.from_parts == reached)
            return parts * price
        return self._graduated(before + parts) - self._graduated(before)

    def _graduated(self, parts: int) -> int:
        cost = 0
        for number, tier in enumerate(self.tiers):
            until = self.tiers[number + 1].from_parts if number + 1 < len(self.tiers) else parts
            cost += max(min(parts, until) - tier.from_parts, 0) * tier.price_milli
        return cost


def money_of(milli: int) -> Money:
    """Whole fen, half up; the one place where fractions of a fen end."""
    sign = -1 if milli < 0 else 1
    return Money(sign * ((abs(milli) * 2 + MILLI) // (MILLI * 2)))


def milli_text(milli: int) -> str:
    """A price in yuan with all its digits: 4500 is `0.045`."""
    yuan, rest = divmod(milli, 100 * MILLI)
    digits = f"{rest:05d}".rstrip("0")
    return f"{yuan}.{digits:0<2}"


def parse_price(text: str) -> int:
    """A price in yuan with at most five decimals, as milli-fen. Raises ValueError."""
    whole, _, fraction = text.strip().partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 6 and len(fraction) <= 5):
        raise ValueError("not a price")
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        raise ValueError("not a price")
    return int(whole) * 100 * MILLI + int(fraction.ljust(5, "0") or 0)


async def contracts(*, carrier: str | None = None) -> list[Contract]:
    """All generations, by carrier and date."""
    rows = await database.rows(
        "SELECT c.carrier, c.valid_from, c.basis, c.tiering, c.source, p.from_parts, p.price_milli FROM sms_contract c"
        " JOIN sms_price p USING (carrier, valid_from) WHERE $1::text IS NULL OR carrier = $1"
        " ORDER BY carrier, valid_from, from_parts",
        carrier,
    )
    found: dict[tuple[str, date], list[Tier]] = {}
    heads: dict[tuple[str, date], tuple[Basis, Tiering, str]] = {}
    for row in rows:
        key = (row["carrier"], row["valid_from"])
        found.setdefault(key, []).append(Tier(from_parts=row["from_parts"], price_milli=row["price_milli"]))
        heads[key] = (row["basis"], row["tiering"], row["source"])
    return [
        Contract(
            carrier=key[0],
            valid_from=key[1],
            basis=heads[key][0],
            tiering=heads[key][1],
            source=heads[key][2],
            tiers=tuple(tiers),
        )
        for key, tiers in found.items()
    ]


def in_force(known: Sequence[Contract], *, carrier: str, day: date) -> Contract | None:
    """The newest that has begun; None for a carrier without prices on that day."""
    begun = [one for one in known if one.carrier == carrier and one.valid_from <= day]
    return max(begun, key=lambda one: one.valid_from, default=None)


async def prices_now(*, day: date) -> dict[str, int]:
    """The first tier's price of each carrier today: what routes that prefer the cheapest go by."""
    known = await contracts()
    found = {one.carrier: in_force(known, carrier=one.carrier, day=day) for one in known}
    return {carrier: one.tiers[0].price_milli for carrier, one in found.items() if one is not None}


async def register(*, actor: Actor, contract: Contract, now: datetime) -> None:
    """Writes down a carrier's prices from a date on. Prices are never changed afterwards. Raises Refused."""
    _check(contract)
    async with database.transaction() as tx:
        made = await tx.value(
            "INSERT INTO sms_contract (carrier, valid_from, basis, tiering, source, changed_by, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (carrier, valid_from) DO NOTHING RETURNING carrier",
            contract.carrier,
            contract.valid_from,
            contract.basis,
            contract.tiering,
            contract.source,
            actor.reference,
            now,
        )
        if made is None:
            raise Refused(PRICE_BEFORE(day=contract.valid_from))
        for tier in contract.tiers:
            await tx.execute(
                "INSERT INTO sms_price (carrier, valid_from, from_parts, price_milli) VALUES ($1, $2, $3, $4)",
                contract.carrier,
                contract.valid_from,
                tier.from_parts,
                tier.price_milli,
            )
        await audit.record(
            tx,
            actor=actor,
            action="sms.prices_registered",
            subject=f"carrier:{contract.carrier}",
            now=now,
            detail={"valid_from": contract.valid_from.isoformat()},
        )


def _check(contract: Contract) -> None:
    starts = [tier.from_parts for tier in contract.tiers]
    if not starts or starts[0] != 0:
        raise Refused(PRICES_MALFORMED(why="第一档须从0条开始"))
    if starts != sorted(set(starts)):
        raise Refused(PRICES_MALFORMED(why="各档起始条数须逐档增大"))
    if any(not 0 <= tier.price_milli <= PRICE_MILLI_MAX for tier in contract.tiers):
        raise Refused(PRICES_MALFORMED(why="单价应在0至1元之间"))
    if contract.basis not in BASIS_NAMES or contract.tiering not in TIERING_NAMES:
        raise Refused(PRICES_MALFORMED(why="计费依据或分档方式不在选项内"))
