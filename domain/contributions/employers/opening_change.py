"""单位开户变更 and 调整汇缴月份 at the counter (R13): what was given when the account was opened, and its months.

The month that is remitted next moves only over months in which nobody was contributed for, so that no month of a
person is lost: an employer that opened later than it said, or that had nobody for a while, would else be asked for a
statement of nobody for ever. What 调整汇缴月份 covers beyond that is not public; this is our reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.contributions.agents import end_agent
from domain.contributions.employers.agreeing import require_undrawn
from domain.contributions.employers.changing import begun, earlier_matter, finished, keep_change
from domain.contributions.employers.matters import open_matter
from domain.contributions.employers.standing import COUNTER_ROLES, EmployerStanding, require_open
from domain.contributions.persons import document_index, person_by_document
from domain.contributions.refusals import (
    CHANGE_EMPTY,
    COUNTER_ONLY,
    DAY_INVALID,
    FIRST_MONTH_INVALID,
    LEGAL_PERSON,
    LIST_IN_TRANSIT,
    MONTH_HAS_PEOPLE,
    MONTH_NOT_LATER,
)
from domain.contributions.rules.months import months_from
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, rehearsal, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_id_document, mask_name, valid_id_card
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused

OPENING_FIELDS = ("legal_name", "legal_document_no", "established_on")
_COLUMNS = {"legal_name": "legal_name_masked", "legal_document_no": "legal_document_masked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthShift:
    """`skipped`: months that nobody will be asked for any more; `monthly`: what the employer's people come to in the
    month that is remitted next afterwards."""

    before: YearMonth
    after: YearMonth
    skipped: tuple[YearMonth, ...]
    people: int
    monthly: Money


async def change_opening(
    *,
    actor: Actor,
    employer_no: int,
    changes: Mapping[str, str],
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Another legal representative (名 and 身份证号码 together) or day of establishment; blank fields stay as they are.
    Who represented the employer before acts for it no more. Returns the matter's number. Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(COUNTER_ONLY())
    given = {field: changes.get(field, "").strip() for field in OPENING_FIELDS}
    given["legal_document_no"] = given["legal_document_no"].upper()
    wanted = {field: text for field, text in given.items() if text}
    _check(wanted, business_date=business_date)
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="change_opening",
            given=given, now=now,
        )  # fmt: skip
        if earlier is not None:
            return earlier
        before = await tx.row("SELECT * FROM employer_account WHERE employer_no = $1", employer_no)
        assert before is not None, "the standing was read from it"
        sealed = vault.current()
        same_person = "legal_name" not in wanted or (
            sealed.decrypt(before["legal_name_cipher"]) if before["legal_name_cipher"] else "",
            sealed.decrypt(before["legal_document_cipher"]) if before["legal_document_cipher"] else "",
        ) == (wanted["legal_name"], wanted["legal_document_no"])
        same_day = "established_on" not in wanted or str(before["established_on"]) == wanted["established_on"]
        if same_person and same_day:
            raise Refused(CHANGE_EMPTY())
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="opening_change", given={"fields": sorted(wanted)}, state="done",
            now=now, business_date=business_date,
        )  # fmt: skip
        if not same_person:
            await _new_representative(
                tx, actor=actor, employer_no=employer_no, old_index=before["legal_document_index"],
                name=wanted["legal_name"], document_no=wanted["legal_document_no"], now=now,
                business_date=business_date,
            )  # fmt: skip
        if not same_day:
            await tx.execute(
                "UPDATE employer_account SET established_on = $2, changed_at = $3 WHERE employer_no = $1",
                employer_no,
                date.fromisoformat(wanted["established_on"]),
                now,
            )
        after = {
            "legal_name": mask_name(wanted.get("legal_name", "")),
            "legal_document_no": mask_id_document(wanted.get("legal_document_no", "")),
            "established_on": wanted.get("established_on", ""),
        }
        for field in wanted:
            was = before[_COLUMNS.get(field, field)]
            await keep_change(
                tx, actor, employer_no=employer_no, field=field, before=None if was is None else str(was),
                after=after[field], matter_id=matter_id, now=now,
            )  # fmt: skip
        await finished(
            tx, actor, employer_no=employer_no, request_key=request_key, action="employer.opening_changed",
            matter_no=matter_no, now=now, fields=sorted(wanted),
        )  # fmt: skip
        return matter_no


async def adjust_month(
    *, actor: Actor, employer_no: int, month: YearMonth, reason: str, request_key: str, now: datetime,
    business_date: date,
) -> str:  # fmt: skip
    """The month that is remitted next, at the counter. Returns the matter's number. Raises Refused: months that people
    are owed, a statement or a list on its way."""
    given = {"month": month, "reason": reason.strip()}
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="adjust_month", given=given, now=now
        )
        if earlier is not None:
            return earlier
        shift = await _judge_shift(tx, actor, standing, month=month, business_date=business_date)
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="month_adjustment",
            given={"from": str(shift.before), "month": str(shift.after), "reason": reason.strip()}, state="done",
            now=now, business_date=business_date,
        )  # fmt: skip
        first, through = month.period, None
        if standing.paid_through is not None:
            first, through = standing.first_month.period, month.minus(months=1).period
        await tx.execute(
            "UPDATE employer_account SET first_period = $2, paid_through_period = $3, changed_at = $4"
            " WHERE employer_no = $1",
            employer_no,
            first,
            through,
            now,
        )
        await keep_change(
            tx, actor, employer_no=employer_no, field="next_month", before=str(shift.before), after=str(month),
            matter_id=matter_id, now=now,
        )  # fmt: skip
        await finished(
            tx, actor, employer_no=employer_no, request_key=request_key, action="employer.month_adjusted",
            matter_no=matter_no, now=now, month=str(month), reason=reason.strip(),
        )  # fmt: skip
        return matter_no


async def preview_month(*, actor: Actor, employer_no: int, month: YearMonth, business_date: date) -> MonthShift:
    """Refused as the adjustment would be; nothing is written."""
    shift: MonthShift | None = None
    async with rehearsal() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        shift = await _judge_shift(tx, actor, standing, month=month, business_date=business_date)
    assert shift is not None, "a rehearsal that ends has judged it"
    return shift


def _check(wanted: Mapping[str, str], *, business_date: date) -> None:
    found: list[Refusal] = []
    if not wanted:
        found.append(CHANGE_EMPTY())
    names = ("legal_name", "legal_document_no")
    if any(field in wanted for field in names) and not (
        2 <= len(wanted.get("legal_name", "")) <= 60 and valid_id_card(wanted.get("legal_document_no", ""))
    ):
        found.append(LEGAL_PERSON())
    if "established_on" in wanted:
        try:
            good = date(1900, 1, 1) <= date.fromisoformat(wanted["established_on"]) <= business_date
        except ValueError:
            good = False
        if not good:
            found.append(DAY_INVALID())
    if found:
        raise Refused(*found)


async def _new_representative(
    tx: Transaction, *, actor: Actor, employer_no: int, old_index: bytes | None, name: str, document_no: str,
    now: datetime, business_date: date,
) -> None:  # fmt: skip
    index = document_index(document_type="01", document_no=document_no)
    sealed = vault.current()
    await tx.execute(
        "UPDATE employer_account SET legal_name_cipher = $2, legal_name_masked = $3, legal_document_cipher = $4,"
        " legal_document_masked = $5, legal_document_index = $6, changed_at = $7 WHERE employer_no = $1",
        employer_no,
        sealed.encrypt(name),
        mask_name(name),
        sealed.encrypt(document_no),
        mask_id_document(document_no),
        index,
        now,
    )
    if old_index == index:
        return  # the same person under a corrected name
    stays = await person_by_document(document_type="01", document_no=document_no, using=tx)
    represented = await tx.rows(
        "SELECT DISTINCT person_id FROM employer_agent WHERE employer_no = $1 AND source = 'legal_representative'"
        " AND (valid_to IS NULL OR valid_to >= $2) AND person_id IS DISTINCT FROM $3::bigint",
        employer_no,
        business_date,
        stays,
    )
    for row in represented:
        await end_agent(tx, actor=actor, employer_no=employer_no, person_id=row["person_id"], on=business_date, now=now)


async def _judge_shift(
    tx: Transaction, actor: Actor, standing: EmployerStanding, *, month: YearMonth, business_date: date
) -> MonthShift:
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(COUNTER_ONLY())
    require_open(standing)
    due, current = standing.next_due, YearMonth.of(business_date)
    least = due.plus(months=1)
    if standing.paid_through is None:
        least = current.minus(months=policy.on(business_date).number("collection.first_month_back_max"))
    most = current.plus(months=1)
    if month == due or (standing.paid_through is not None and month < due):
        raise Refused(MONTH_NOT_LATER(month=due))
    if not least <= month <= most:
        raise Refused(FIRST_MONTH_INVALID.on("month", least=least, most=most))
    await require_undrawn(tx, employer_no=standing.employer_no)
    on_its_way = await tx.value(
        "SELECT list_no FROM contribution_list WHERE employer_no = $1 AND kind IN ('change', 'annual_base')"
        " AND state IN ('checking', 'checked', 'applying') LIMIT 1",
        standing.employer_no,
    )
    if on_its_way is not None:
        raise Refused(LIST_IN_TRANSIT(list_no=on_its_way))
    skipped = tuple(one for one in months_from(due, month.minus(months=1)) if one not in standing.deferred)
    for one in skipped:
        if people := await _people_in(tx, employer_no=standing.employer_no, period=one.period):
            raise Refused(MONTH_HAS_PEOPLE(month=one, count=people))
    row = await tx.row(_MONTHLY, standing.employer_no, month.period)
    assert row is not None
    return MonthShift(before=due, after=month, skipped=skipped, people=row["people"], monthly=Money(row["fen"]))


async def _people_in(tx: Transaction, *, employer_no: int, period: int) -> int:
    found: int = await tx.value(
        "SELECT count(*) FROM employment WHERE employer_no = $1 AND began_period <= $2"
        " AND coalesce(ended_period, 999912) >= $2",
        employer_no,
        period,
    )
    return found


_MONTHLY = """
SELECT count(*) AS people, coalesce(sum(b.fen), 0)::bigint AS fen
FROM employment e
LEFT JOIN LATERAL (SELECT employer_fen + employee_fen AS fen FROM employment_base b
    WHERE b.employer_no = e.employer_no AND b.account_no = e.account_no AND b.from_period <= $2
    ORDER BY b.from_period DESC LIMIT 1) b ON true
WHERE e.employer_no = $1 AND e.began_period <= $2 AND coalesce(e.ended_period, 999912) >= $2
"""
