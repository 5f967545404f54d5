"""What an entry must say, and how long it may last. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from domain.kernel.identifiers import valid_id_card
from domain.kernel.refusal import Refusal
from domain.policy import PolicyValues
from domain.risk import refusals as no
from domain.risk.lists import lists

DOCUMENT_TYPES = {"01": "居民身份证", "02": "军官证", "03": "护照", "04": "外国人永久居留证", "99": "其他"}
NAME_LENGTH_MAX = 60
TEXT_LENGTH_MIN, TEXT_LENGTH_MAX = 4, 200
ANSWER_LENGTH_MAX = 500
APPEAL_LENGTH_MIN, APPEAL_LENGTH_MAX = 10, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An entry as it is proposed. `until_on` None: as long as the list's term allows."""

    list: str
    document_type: str
    document_no: str
    name: str
    reason_code: str
    reason: str
    evidence: str
    from_on: date
    until_on: date | None = None

    def __repr__(self) -> str:
        return f"Listing({self.list})"


def last_day(listing: Listing, *, policy: PolicyValues) -> date:
    """The last day that the entry may have: so many years from its first day, the day before."""
    years = policy.number(lists()[listing.list].term)
    first = listing.from_on
    try:
        return first.replace(year=first.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return first.replace(year=first.year + years, day=28)


def judge_listing(listing: Listing, *, policy: PolicyValues, business_date: date) -> list[Refusal]:
    """Everything against the entry as such; whether the person is listed already the caller knows."""
    chosen = lists().get(listing.list)
    if chosen is None or listing.reason_code not in chosen.reasons:
        return [no.LIST_UNKNOWN()]
    found: list[Refusal] = []
    number = listing.document_no.strip().upper()
    plain = number.isascii() and number.isalnum() and 5 <= len(number) <= 20
    if (
        listing.document_type not in DOCUMENT_TYPES
        or not plain
        or (listing.document_type == "01" and not valid_id_card(number))
    ):
        found.append(no.DOCUMENT_MALFORMED())
    name = listing.name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        found.append(no.NAME_MALFORMED())
    if not said(listing.reason, most=TEXT_LENGTH_MAX):
        found.append(no.REASON_LENGTH())
    if not said(listing.evidence, most=TEXT_LENGTH_MAX):
        found.append(no.EVIDENCE_LENGTH())
    most = last_day(listing, policy=policy)
    last = listing.until_on or most
    if listing.from_on > business_date or not business_date <= last <= most:
        found.append(no.TERM_MALFORMED(most=most.isoformat()))
    return found


def said(text: str, *, least: int = TEXT_LENGTH_MIN, most: int) -> bool:
    """Text of a person within its length, that a store can keep."""
    return least <= len(text.strip()) <= most and "\x00" not in text
