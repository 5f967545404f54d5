"""The rule of every kind of withdrawal: common conditions of account, family and application, the kind's own ones, its
limit.

Basis: 住房公积金管理条例 art. 24 until 2026-09-19, as changed by 国令第844号 from 2026-09-20; the centre's rules. Which
document a kind rests on, and since when, stands with its data; numbers are policy parameters below `kind.policy`.

Pure: facts, application, policy and business date in, judgement out. All refusals come at once. An agency
that did not answer refuses only where the kind's data says so; else it raises a flag that sends the case to staff.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.kernel.dates import YearMonth, months_between
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal
from domain.policy import PolicyReading, PolicyValues
from domain.withdrawals import refusals as no
from domain.withdrawals.kinds import Field, Kind
from domain.withdrawals.rules.conditions import CONDITIONS, Question
from domain.withdrawals.rules.explanation import explain
from domain.withdrawals.rules.facts import Answer, Declaration, Facts, Judgement, Limit
from domain.withdrawals.rules.family import spouse_refusals, spouse_to_check, text
from domain.withdrawals.rules.limits import LIMITS, share_of

ONCE = "once"
MONTHS_OF_FREQUENCY = {"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}
FREQUENCY_NAMES = {ONCE: "一次性", "monthly": "按月", "quarterly": "按季", "semiannual": "按半年", "annual": "按年"}
OPEN_END = YearMonth(9999, 12)
"""Last month of an arrangement that runs until its total is paid."""

_NORMAL, _SEALED, _FROZEN = "01", "02", "06"
_CLOSED = frozenset({"03", "04", "05"})


def judge(
    *, kind: Kind, facts: Facts, application: Declaration, policy: PolicyValues, business_date: date
) -> Judgement:
    """Judges one application on a business date. `policy` must be that of the same date; pass a
    `policy.reading()` to record further values beside those read here. Raises PolicyMissing."""
    assert policy.business_date == business_date, "policy of another date"
    values = policy.reading()
    asked = Question(kind=kind, facts=facts, application=application, values=values, business_date=business_date)
    if kind.offered_on(business_date) is None:
        return _not_offered(asked)
    months = _months_of_payment(asked)
    limit = LIMITS[kind.limit](asked, months)
    found = [found for name in kind.conditions for found in CONDITIONS[name](asked)]
    own = [one for one in found if isinstance(one, Refusal)]
    refusals = [
        *_account_refusals(asked),
        *own,
        *(spouse_refusals(facts=facts, application=application) if kind.family else ()),
        *_application_refusals(asked),
    ]
    covered = facts.available + (facts.interest if kind.closure else Money.zero())
    amount = min(limit.most, covered)
    if not refusals and not amount:
        refusals.append(_exhausted(asked, limit))
    flags = tuple(dict.fromkeys((*_flags(asked), *(one for one in found if isinstance(one, str)))))
    return _judgement(asked, values, months=months, limit=limit, amount=amount, refusals=tuple(refusals), flags=flags)


def _judgement(
    asked: Question,
    values: PolicyReading,
    *,
    months: int,
    limit: Limit,
    amount: Money,
    refusals: tuple[Refusal, ...],
    flags: tuple[str, ...],
) -> Judgement:
    kind = asked.kind
    amount = Money.zero() if refusals else amount
    from_month = YearMonth.of(asked.business_date)
    until_month = from_month if not months else OPEN_END
    if kind.form == "rent":
        until_month = from_month.plus(months=values.number(kind.parameter("term_months")) - 1)
    explanation = explain(
        asked=asked,
        refusals=refusals,
        amount=amount,
        months=months,
        limit=limit,
        from_month=from_month,
        until_month=until_month,
        flags=flags,
    )
    return Judgement(
        allowed=not refusals,
        refusals=refusals,
        amount=amount,
        months=months,
        limit=limit,
        from_month=from_month,
        until_month=until_month,
        flags=flags,
        explanation=explanation,
        policy_snapshot=values.snapshot(),
    )


def _not_offered(asked: Question) -> Judgement:
    return Judgement(
        allowed=False,
        refusals=(no.KIND_NOT_OFFERED(name=asked.kind.name),),
        amount=Money.zero(),
        months=0,
        limit=Limit(most=Money.zero(), sentence=""),
        from_month=YearMonth.of(asked.business_date),
        until_month=YearMonth.of(asked.business_date),
        flags=(),
        explanation=[],
        policy_snapshot={},
    )


def frequencies_of(kind: Kind, values: PolicyValues) -> tuple[str, ...]:
    """How often a kind may be paid on the policy's date."""
    return values.codes(kind.parameter("frequencies")) if kind.group else (ONCE,)


def _months_of_payment(asked: Question) -> int:
    """Months that one payment covers; 0 for one that is paid once and for a frequency that is not offered."""
    frequency = asked.application.frequency
    if frequency not in frequencies_of(asked.kind, asked.values):
        return 0
    return MONTHS_OF_FREQUENCY.get(frequency, 0)


def _account_refusals(asked: Question) -> Iterator[Refusal]:
    facts, kind = asked.facts, asked.kind
    frozen = facts.frozen or facts.account_state == _FROZEN
    if frozen:
        yield no.ACCOUNT_FROZEN()
    if facts.account_state in _CLOSED:
        yield no.ACCOUNT_CLOSED(name=kind.name)
    elif facts.account_state == _SEALED and _SEALED not in kind.account_states:
        yield no.ACCOUNT_SEALED(name=kind.name)
    elif facts.account_state == _NORMAL and _NORMAL not in kind.account_states:
        yield no.ACCOUNT_NOT_SEALED(name=kind.name)
    elif facts.account_state not in (_NORMAL, _SEALED) and not frozen:
        yield no.ACCOUNT_NOT_NORMAL()
    # 销户提取不校验个人不良信息（采购需求）
    if facts.adverse_record and not kind.closure:
        yield no.adverse_record(reason=facts.adverse_reason, until=facts.adverse_until)
    if facts.running_arrangement and kind.group:
        yield no.ARRANGEMENT_RUNNING(name=kind.name)
    if not facts.available:
        yield no.BALANCE_INSUFFICIENT(available=facts.available.yuan_text)


def _application_refusals(asked: Question) -> Iterator[Refusal]:
    facts, application, kind = asked.facts, asked.application, asked.kind
    offered = frequencies_of(kind, asked.values)
    if application.frequency not in offered:
        names = "或".join(f"“{FREQUENCY_NAMES[code]}”" for code in offered)
        yield no.FREQUENCY_NOT_OFFERED(offered=names)
    if kind.commitment and not application.commitment:
        yield no.COMMITMENT_MISSING(name=kind.name)
    yield from _field_refusals(asked)
    if facts.card is None:
        yield no.CARD_NOT_FOUND()
    elif not facts.card.entrusted_bank:
        yield no.CARD_BANK_NOT_ENTRUSTED()
    elif not facts.card.active:
        yield no.CARD_INACTIVE()
    if facts.identity is not None and facts.identity.answered and not facts.identity.matches:
        yield no.IDENTITY_MISMATCH()
    if facts.subject is not None and facts.subject.of_another_household and kind.subject != "rented":
        yield no.SUBJECT_OF_OTHERS()
    for check in kind.checks:
        if check.silent == "closed" and check.code in unanswered(asked):
            yield no.CHECK_UNANSWERED(check=check.name)


def _field_refusals(asked: Question) -> Iterator[Refusal]:
    for field in asked.kind.fields:
        value = asked.application.fields.get(field.code)
        if field.code == "rental_filing_no" and value is None:
            value = asked.application.rental_filing_no
        if value is None or (isinstance(value, str) and not value.strip()):
            if field.code in asked.kind.required:
                yield no.FIELD_MISSING.on(field.input, name=field.name)
        elif not _fits(field, value, business_date=asked.business_date):
            yield no.FIELD_INVALID.on(field.input, name=field.name)


def _fits(field: Field, value: Answer, *, business_date: date) -> bool:
    if field.type == "money":
        return isinstance(value, Money) and value > Money.zero()
    if field.type == "code":
        return value in field.options
    if field.type == "date":
        return isinstance(value, date) and value <= business_date
    return field.code != "share_percent" or share_of(str(value)) is not None


def _exhausted(asked: Question, limit: Limit) -> Refusal:
    used = asked.facts.subject.used if asked.facts.subject is not None else Money.zero()
    if limit.whole is not None:
        return no.LIMIT_EXHAUSTED(whole=limit.whole.yuan_text, used=used.yuan_text)
    return no.BALANCE_INSUFFICIENT(available=asked.facts.available.yuan_text)


def unanswered(asked: Question) -> set[str]:
    """Checks of the kind that were asked for and not answered."""
    facts, found = asked.facts, set[str]()
    answers = {
        "identity": facts.identity,
        "contract": facts.contract,
        "invoice": facts.invoice,
        "loan": facts.loan,
        "rental": facts.rental,
    }
    for check in asked.kind.checks:
        answer = answers.get(check.code)
        if answer is not None and not answer.answered:
            found.add(check.code)
    life = {
        "pension": facts.life.pension_answered,
        "death": facts.life.death_answered,
        "employment": facts.life.employment_answered,
    }
    return found | {code for code, answered in life.items() if asked.kind.check(code) and not answered}


def _flags(asked: Question) -> Iterator[str]:
    facts, kind = asked.facts, asked.kind
    silent = {check.code for check in kind.checks if check.silent == "manual"}
    if "property" in silent and kind.family:
        yield from _flags_of_homes(asked)
    if "marriage" in silent:
        if not facts.marriage.answered:
            yield "marriage_unanswered"
        elif (
            spouse_to_check(marriage=facts.marriage, application=asked.application) is not None
            and not facts.marriage.spouse_document_no
        ):
            yield "spouse_unconfirmed"
    missing = unanswered(asked)
    if text(asked.application.rental_filing_no) and facts.rental is None:
        missing.add("rental")
    for code in ("rental", "identity", "contract", "invoice", "loan", "pension", "death", "employment"):
        if code in missing and code in silent:
            yield f"{code}_unanswered"
    if facts.subject is not None and facts.subject.similar and kind.subject == "home":
        yield "address_similar"
    for listed in ("key_review", "abnormal_behaviour", "spouse_listed"):
        if getattr(facts, listed):
            yield listed
    if "contributing" in kind.conditions:
        arrears_max = asked.values.number(kind.parameter("arrears_months_max"))
        today = YearMonth.of(asked.business_date)
        if facts.paid_through and months_between(facts.paid_through, today) > arrears_max:
            yield "contribution_in_arrears"


def _flags_of_homes(asked: Question) -> Iterator[str]:
    homes, marriage = asked.facts.homes, asked.facts.marriage
    fresh_days = asked.values.number("withdrawal.registry_answer_fresh_days")
    if not homes.answered:
        yield "property_unanswered"
        return
    if homes.as_of is not None and (asked.business_date - homes.as_of).days > fresh_days:
        yield "property_stale"
    spouse = spouse_to_check(marriage=marriage, application=asked.application)
    if (spouse or marriage.status == "married") and not homes.covers_spouse:
        yield "spouse_homes_unanswered"
