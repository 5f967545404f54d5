"""What a checked list will do to the money, told before it is submitted (D02)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.contributions.employers.standing import require_employer, standing_of
from domain.contributions.refusals import LIST_NOT_FOUND
from domain.contributions.rules.transitions import transitions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEffect:
    """`monthly_*`: what the employer's people come to a month, both parts. `payable`: what a list of back payments
    comes to; None for the others."""

    people_before: int
    came: int
    went: int
    changed: int
    monthly_before: Money
    monthly_after: Money
    payable: Money | None

    @property
    def people_after(self) -> int:
        return self.people_before + self.came - self.went


async def effect_of_list(*, actor: Actor, employer_no: int, list_no: str) -> ListEffect:
    """Of the rows that passed. Raises Refused for a number that the employer has not."""
    standing = await standing_of(employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="queries")
    row = await database.row(
        "SELECT list_id, kind, period FROM contribution_list WHERE employer_no = $1 AND list_no = $2",
        employer_no,
        list_no,
    )
    if row is None:
        raise Refused(LIST_NOT_FOUND())
    month = row["period"] or standing.next_due.period
    before = await database.row(_NOW, employer_no, month)
    by_effect = {
        effect: [one.action for one in transitions().values() if one.effect == effect] for effect in ("begins", "ends")
    }
    found = await database.row(_EFFECT, employer_no, row["list_id"], month, by_effect["begins"], by_effect["ends"])
    assert before is not None and found is not None
    paid_back = row["kind"] == "back_payment"
    monthly = Money(before["fen"])
    return ListEffect(
        people_before=before["people"],
        came=0 if paid_back else found["came"],
        went=0 if paid_back else found["went"],
        changed=0 if paid_back else found["changed"],
        monthly_before=monthly,
        monthly_after=monthly if paid_back else Money(monthly.fen + found["adds"] - found["takes"]),
        payable=Money(found["adds"]) if paid_back else None,
    )


_BASE = """
LEFT JOIN LATERAL (SELECT employer_fen + employee_fen AS fen FROM employment_base b
    WHERE b.employer_no = {of}.employer_no AND b.account_no = {of}.account_no AND b.from_period <= {month}
    ORDER BY b.from_period DESC LIMIT 1) AS base ON true
"""
_NOW = f"""
SELECT count(*) AS people, coalesce(sum(base.fen), 0)::bigint AS fen FROM employment e
{_BASE.format(of="e", month="$2")}
WHERE e.employer_no = $1 AND e.ended_period IS NULL
"""
_EFFECT = f"""
SELECT count(*) FILTER (WHERE r.action = ANY ($4)) AS came, count(*) FILTER (WHERE r.action = ANY ($5)) AS went,
       count(*) FILTER (WHERE r.action <> ALL ($4) AND r.action <> ALL ($5)) AS changed,
       coalesce(sum(r.employer_fen + r.employee_fen) FILTER (WHERE r.action <> ALL ($5)), 0)::bigint AS adds,
       coalesce(sum(base.fen) FILTER (WHERE r.action <> ALL ($4)), 0)::bigint AS takes
FROM contribution_list_row r
{_BASE.format(of="r", month="$3")}
WHERE r.employer_no = $1 AND r.list_id = $2 AND r.state = 'accepted'
"""
