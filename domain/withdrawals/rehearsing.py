"""演练: decided cases judged again under a proposed rule, to see who would gain or lose and how much. Writes nothing.

Each case is first judged again under the rule of its day: one that does not come to what was decided then is shown as
not comparable, so that a difference is always the proposal's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import orjson

from domain import policy
from domain.cases import CaseView
from domain.kernel import database, vault
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.declared import DeclarationError
from domain.kernel.digest import canonical_json
from domain.kernel.money import Money
from domain.policy import Parameter, Policy
from domain.withdrawals.kinds import Kind, kind_of, kinds
from domain.withdrawals.rules import CONDITIONS, LIMITS, Declaration, Facts, Judgement, judge, read_back, written

CHUNK = 500
DAYS_TO_DECIDE_MAX = 120
"""A case decided in a month was begun no longer before: bounds what is read."""

Outcome = Literal["gains", "loses", "refused", "admitted", "same", "not_comparable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A rule to try: all parameters with the proposed values, and kinds with other conditions or limits."""

    title: str
    parameters: Mapping[str, Parameter]
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One case, or one application that the rule refused: without number and name, `admitted` where the proposal would
    take it. `before` and `after` are the first payment; `reasons` why it would be refused."""

    case_no: str
    applicant_masked: str
    office_code: str
    kind: str
    kind_name: str
    before: Money
    after: Money
    outcome: Outcome
    reasons: tuple[str, ...]

    @property
    def difference(self) -> Money:
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`cases` in the order of their numbers; `turned_away` were refused before there was a case;
    `refused_by_staff` were not judged: no rule changes what staff decided;
    `without_facts` are from before the facts were kept."""

    title: str
    month: YearMonth
    cases: tuple[Rehearsed, ...]
    turned_away: tuple[Rehearsed, ...]
    refused_by_staff: int
    without_facts: int

    def of(self, outcome: Outcome) -> tuple[Rehearsed, ...]:
        return tuple(case for case in (*self.cases, *self.turned_away) if case.outcome == outcome)

    def total(self, *outcomes: Outcome) -> Money:
        return sum((case.difference for outcome in outcomes for case in self.of(outcome)), Money.zero())


def proposal_of(declared: Any, *, name: str) -> Proposal:
    """A proposal from its file: `title`, `values` by parameter, `kinds` by code with `conditions`, `limit`,
    `account_states`. Raises DeclarationError naming all problems at once."""
    problems: list[str] = []
    if not isinstance(declared, dict) or not declared or set(declared) - {"title", "values", "kinds"}:
        raise DeclarationError(file=name, problems=["应写明title、values、kinds，且没有其他内容"])
    values, changed = declared.get("values") or {}, declared.get("kinds") or {}
    if not isinstance(values, dict) or not isinstance(changed, dict) or not (values or changed):
        raise DeclarationError(file=name, problems=["values和kinds应为名称与内容的对照，至少有一项"])
    found: dict[str, Kind] = {}
    for code, change in changed.items():
        known = next((kind for kind in kinds() if kind.code == code), None)
        if known is None:
            problems.append(f"{code}：没有这个提取类型")
        elif (wrong := _wrong(change)) is not None:
            problems.append(f"{code}：{wrong}")
        else:
            found[code] = replace(
                known,
                conditions=tuple(change.get("conditions", known.conditions)),
                limit=change.get("limit", known.limit),
                account_states=tuple(change.get("account_states", known.account_states)),
            )
    try:
        parameters = policy.proposed(parameters=policy.parameters(), changes=values, source=name)
    except DeclarationError as error:
        problems += error.problems
    if problems:
        raise DeclarationError(file=name, problems=problems)
    return Proposal(title=str(declared.get("title") or name), parameters=parameters, kinds=found)


def _wrong(change: Any) -> str | None:
    if not isinstance(change, dict) or not change or set(change) - {"conditions", "limit", "account_states"}:
        return "可改conditions、limit、account_states"
    unknown = [one for one in change.get("conditions", []) if one not in CONDITIONS]
    if unknown:
        return f"没有条件{'、'.join(map(str, unknown))}"
    if "limit" in change and change["limit"] not in LIMITS:
        return f"没有限额{change['limit']}"
    return None


async def keep_facts(tx: Transaction, *, case: CaseView, facts: Facts, declared: Declaration, amount: Money) -> None:
    """Seals what the rule was told with the case, and what it gave, in the transaction of the application."""
    await tx.execute(
        "INSERT INTO withdrawal_facts (account_no, case_id, amount_fen, facts_cipher) VALUES ($1, $2, $3, $4)",
        case.account_no,
        case.case_id,
        amount.fen,
        vault.current().encrypt(canonical_json(written(facts=facts, declared=declared)).decode()),
    )


async def replace_facts(tx: Transaction, *, case: CaseView, facts: Facts, declared: Declaration, amount: Money) -> None:
    """What the rule was told of a corrected application takes the place of what it was told first."""
    await tx.execute(
        "UPDATE withdrawal_facts SET amount_fen = $3, facts_cipher = $4 WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
        amount.fen,
        vault.current().encrypt(canonical_json(written(facts=facts, declared=declared)).decode()),
    )


async def kept_facts(*, case: CaseView) -> tuple[Facts, Declaration] | None:
    """What the rule was told; None for a case of before the facts were kept."""
    sealed = await database.value(
        "SELECT facts_cipher FROM withdrawal_facts WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
    )
    return None if sealed is None else read_back(orjson.loads(vault.current().decrypt(sealed)))


async def rehearse(*, proposal: Proposal, month: YearMonth) -> Rehearsal:
    """Judges the month's decided cases again. Reads a chunk at a time; the books and cases stay as they are."""
    cases: list[Rehearsed] = []
    refused = without = 0
    last = (0, 0)
    while rows := await database.rows(_DECIDED, *_bounds(month), *last, CHUNK):
        last = (rows[-1]["account_no"], rows[-1]["case_id"])
        for row in rows:
            if row["state"] == "refused":
                refused += 1
            elif row["facts_cipher"] is None:
                without += 1
            else:
                cases.append(_rehearsed(row, proposal))
    return Rehearsal(
        title=proposal.title,
        month=month,
        cases=tuple(sorted(cases, key=lambda case: case.case_no)),
        turned_away=await _turned_away(proposal=proposal, month=month),
        refused_by_staff=refused,
        without_facts=without,
    )


async def _turned_away(*, proposal: Proposal, month: YearMonth) -> tuple[Rehearsed, ...]:
    """Applications of the month that the rule refused and that did not come back as a case."""
    found: list[Rehearsed] = []
    last: tuple[int, str, date] = (0, "", date.min)
    while rows := await database.rows(_TURNED_AWAY, month.first_day, month.last_day, *last, CHUNK):
        last = (rows[-1]["account_no"], rows[-1]["kind"], rows[-1]["business_date"])
        for row in rows:
            kind, before, after = _judged(row, proposal)
            outcome: Outcome = "same" if after.refusals else "admitted"
            if before.allowed:
                outcome = "not_comparable"
            found.append(
                Rehearsed(
                    case_no="",
                    applicant_masked="",
                    office_code=row["office_code"],
                    kind=kind.code,
                    kind_name=kind.name,
                    before=Money.zero(),
                    after=after.amount,
                    outcome=outcome,
                    reasons=tuple(refusal.message for refusal in after.refusals),
                )
            )
    return tuple(found)


def _judged(row: Record, proposal: Proposal) -> tuple[Kind, Judgement, Judgement]:
    """The kind, and what the rule of the day and the proposed one make of the facts."""
    facts, declared = read_back(orjson.loads(vault.current().decrypt(row["facts_cipher"])))
    kind, day = kind_of(row["kind"]), row["business_date"]
    before = judge(kind=kind, facts=facts, application=declared, policy=policy.on(day), business_date=day)
    after = judge(
        kind=proposal.kinds.get(kind.code, kind),
        facts=facts,
        application=declared,
        policy=Policy(day, proposal.parameters),
        business_date=day,
    )
    return kind, before, after


def _rehearsed(row: Record, proposal: Proposal) -> Rehearsed:
    kind, before, after = _judged(row, proposal)
    outcome: Outcome = "same"
    if before.amount.fen != row["amount_fen"]:
        outcome = "not_comparable"
    elif after.refusals:
        outcome = "refused"
    elif after.amount != before.amount:
        outcome = "gains" if after.amount > before.amount else "loses"
    return Rehearsed(
        case_no=row["case_no"],
        applicant_masked=row["applicant_masked"],
        office_code=row["office_code"],
        kind=kind.code,
        kind_name=kind.name,
        before=Money(row["amount_fen"]),
        after=after.amount,
        outcome=outcome,
        reasons=tuple(refusal.message for refusal in after.refusals),
    )


def _bounds(month: YearMonth) -> tuple[date, date, date, date]:
    first, last = month.first_day, month.last_day
    return first.fromordinal(first.toordinal() - DAYS_TO_DECIDE_MAX), last, first, last


_DECIDED = """
SELECT c.account_no, c.case_id, c.case_no, c.applicant_masked, c.office_code, c.state, c.business_date,
       w.kind, f.amount_fen, f.facts_cipher
FROM service_case c
JOIN withdrawal w ON w.account_no = c.account_no AND w.case_id = c.case_id AND w.hold_id IS NOT NULL
LEFT JOIN withdrawal_facts f ON f.account_no = c.account_no AND f.case_id = c.case_id
WHERE c.business_date BETWEEN $1 AND $2
    AND (c.decided_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $3 AND $4
    AND (c.account_no, c.case_id) > ($5, $6)
ORDER BY c.account_no, c.case_id LIMIT $7
"""


_TURNED_AWAY = """
SELECT r.account_no, r.kind, r.business_date, r.office_code, r.facts_cipher
FROM refused_application r
WHERE r.business_date BETWEEN $1 AND $2 AND (r.account_no, r.kind, r.business_date) > ($3, $4, $5)
    -- the last of the month, and not one that was mended and came back
    AND NOT EXISTS (SELECT FROM refused_application l WHERE l.account_no = r.account_no AND l.kind = r.kind
        AND l.business_date > r.business_date AND l.business_date <= $2)
    AND NOT EXISTS (SELECT FROM withdrawal w JOIN service_case c USING (account_no, case_id)
        WHERE w.account_no = r.account_no AND w.kind = r.kind AND c.submitted_at > r.refused_at
        AND c.business_date <= $2)
ORDER BY r.account_no, r.kind, r.business_date LIMIT $6
"""
