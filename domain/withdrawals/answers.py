"""The agencies' answers, as the rule takes them and as they are kept with the case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from domain.cases import CheckRecord
from domain.kernel.dates import business_date_of
from domain.withdrawals.kinds import Kind
from domain.withdrawals.ports import (
    AgencyAnswer,
    CivilStatus,
    Death,
    Employment,
    Home,
    HomeContract,
    HomeLoan,
    Invoice,
    Marriage,
    Pension,
    PersonIdentity,
    RentalFiling,
)
from domain.withdrawals.rules import (
    ContractAnswer,
    Declaration,
    HomesAnswer,
    IdentityAnswer,
    InvoiceAnswer,
    LifeAnswer,
    LoanAnswer,
    MarriageAnswer,
    RentalAnswer,
)
from domain.withdrawals.rules.addresses import normalised


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What was asked and came back; None was not asked. `family` is the person and, when there is one, the spouse."""

    person: PersonIdentity
    marriage: AgencyAnswer[Marriage] | None = None
    rental: AgencyAnswer[RentalFiling | None] | None = None
    identity: AgencyAnswer[CivilStatus] | None = None
    contract: AgencyAnswer[HomeContract | None] | None = None
    invoice: AgencyAnswer[Invoice | None] | None = None
    loan: AgencyAnswer[HomeLoan | None] | None = None
    pension: AgencyAnswer[Pension] | None = None
    death: AgencyAnswer[Death] | None = None
    employment: AgencyAnswer[Employment] | None = None
    homes: AgencyAnswer[tuple[Home, ...]] | None = None
    spouse_identity: AgencyAnswer[CivilStatus] | None = None
    family: tuple[PersonIdentity, ...] = ()

    @property
    def married(self) -> MarriageAnswer:
        answer = self.marriage
        if answer is None or answer.value is None:
            return MarriageAnswer(answered=False)
        return MarriageAnswer(
            answered=True,
            status=answer.value.status,
            spouse_name=answer.value.spouse_name,
            spouse_document_no=answer.value.spouse_document_no,
        )

    def with_family(
        self,
        *,
        family: tuple[PersonIdentity, ...],
        homes: AgencyAnswer[tuple[Home, ...]] | None,
        spouse_identity: AgencyAnswer[CivilStatus] | None,
    ) -> Asked:
        return replace(self, family=family, homes=homes, spouse_identity=spouse_identity)

    def of_family(self, persons: Iterable[PersonIdentity]) -> bool:
        """Whether the person or the spouse is among them; by number, because names are written in several ways."""
        own = {person.document_no.upper() for person in self.family}
        return any(person.document_no.upper() in own for person in persons)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answers:
    homes: HomesAnswer
    marriage: MarriageAnswer
    rental: RentalAnswer | None
    identity: IdentityAnswer | None
    contract: ContractAnswer | None
    invoice: InvoiceAnswer | None
    loan: LoanAnswer | None
    life: LifeAnswer
    open_loan: bool
    address: str
    family: tuple[PersonIdentity, ...]
    checks: tuple[CheckRecord, ...]


def answers_of(*, kind: Kind, asked: Asked, declared: Declaration) -> Answers:
    """`address` is the registry's own wherever it has one, normalised: what was declared may be misspelt on purpose."""
    rental, contract = _rental(asked), _contract(asked)
    signed = asked.contract.value if asked.contract is not None else None
    address = normalised(signed.address if signed is not None else declared.text("address"))
    return Answers(
        homes=_homes(asked),
        marriage=asked.married,
        rental=rental,
        identity=_identity(asked),
        contract=contract,
        invoice=_invoice(asked),
        loan=_loan(asked),
        life=_life(asked),
        open_loan=bool(asked.employment and asked.employment.value and asked.employment.value.open_hpf_loan),
        address=(rental.address if rental is not None else "") if kind.subject == "rented" else address,
        family=asked.family,
        checks=tuple(checks_of(kind=kind, asked=asked, declared=declared)),
    )


def _homes(asked: Asked) -> HomesAnswer:
    homes = asked.homes
    if homes is None or homes.outcome != "answered":
        return HomesAnswer(answered=False)
    found = homes.value or ()
    return HomesAnswer(
        answered=True,
        count=len(found),
        covers_spouse=len(asked.family) > 1,
        as_of=_day(homes.as_of),
        certificates=tuple(home.certificate_no for home in found),
    )


def _rental(asked: Asked) -> RentalAnswer | None:
    if asked.rental is None:
        return None
    if asked.rental.outcome != "answered":
        return RentalAnswer(answered=False)
    filing = asked.rental.value
    if filing is None:
        return RentalAnswer(answered=True)
    return RentalAnswer(
        answered=True,
        found=True,
        valid=filing.valid,
        tenant_is_family=asked.of_family(filing.tenants),
        monthly_rent=filing.monthly_rent,
        tenants=_households(asked, filing.tenants),
        address=normalised(filing.address),
    )


def _households(asked: Asked, tenants: tuple[PersonIdentity, ...]) -> int:
    """Spouses who share a home count as one tenant, the others each by themselves."""
    own = {person.document_no.upper() for person in asked.family}
    return 1 + sum(tenant.document_no.upper() not in own for tenant in tenants)


def _identity(asked: Asked) -> IdentityAnswer | None:
    if asked.identity is None:
        return None
    value = asked.identity.value
    if value is None:
        return IdentityAnswer(answered=False)
    spouse = asked.spouse_identity.value if asked.spouse_identity is not None else None
    return IdentityAnswer(
        answered=True,
        matches=value.matches,
        province=value.province,
        spouse_province=spouse.province if spouse is not None else "",
        minor_children=value.minor_children,
    )


def _contract(asked: Asked) -> ContractAnswer | None:
    if asked.contract is None:
        return None
    if asked.contract.outcome != "answered":
        return ContractAnswer(answered=False)
    found = asked.contract.value
    if found is None:
        return ContractAnswer(answered=True)
    return ContractAnswer(
        answered=True,
        found=True,
        cancelled=found.cancelled_on is not None,
        buyer_is_family=asked.of_family(found.buyers),
        price=found.price,
        province=found.district_code[:2],
        new_home=found.new_home,
    )


def _invoice(asked: Asked) -> InvoiceAnswer | None:
    if asked.invoice is None:
        return None
    if asked.invoice.outcome != "answered":
        return InvoiceAnswer(answered=False)
    found = asked.invoice.value
    if found is None:
        return InvoiceAnswer(answered=True)
    return InvoiceAnswer(
        answered=True,
        found=True,
        valid=found.valid,
        payer_is_family=asked.of_family([found.payer]),
        amount=found.amount,
    )


def _loan(asked: Asked) -> LoanAnswer | None:
    if asked.loan is None:
        return None
    if asked.loan.outcome != "answered":
        return LoanAnswer(answered=False)
    found = asked.loan.value
    if found is None:
        return LoanAnswer(answered=True)
    return LoanAnswer(
        answered=True, found=True, borrower_is_family=asked.of_family(found.borrowers), repaid=found.repaid
    )


def _life(asked: Asked) -> LifeAnswer:
    pension = asked.pension.value if asked.pension is not None else None
    death = asked.death.value if asked.death is not None else None
    employment = asked.employment.value if asked.employment is not None else None
    return LifeAnswer(
        pension_answered=pension is not None,
        drawing_pension=pension is not None and pension.since is not None,
        death_answered=death is not None,
        dead=death is not None and death.died_on is not None,
        employment_answered=employment is not None,
        months_elsewhere=employment.months_elsewhere if employment is not None else 0,
    )


def _day(moment: datetime | None) -> date | None:
    return business_date_of(moment) if moment else None


# --- what is kept with the case

_STATUS_NAMES = {"single": "未婚", "married": "已婚", "divorced": "离异", "widowed": "丧偶"}


def checks_of(*, kind: Kind, asked: Asked, declared: Declaration) -> Iterable[CheckRecord]:
    """One record for each question that was asked, in a fixed order."""
    if asked.marriage is not None:
        marriage = asked.marriage.value
        status = marriage.status if marriage else None
        yield _record(
            "marriage",
            asked.marriage,
            passed=True,
            summary=f"婚姻状况：{_STATUS_NAMES.get(status or '', '未知')}",
            kept={"status": status, "spouse_document_no": marriage.spouse_document_no if marriage else None},
        )
    if asked.homes is not None:
        yield _homes_check(kind, asked, declared)
    for code, answer in (("rental", asked.rental), ("contract", asked.contract), ("invoice", asked.invoice)):
        if answer is not None:
            yield _number_check(code, answer, asked)
    if asked.loan is not None:
        loan = asked.loan.value
        owned = loan is not None and asked.of_family(loan.borrowers)
        repaid = f"，已还本息{loan.repaid.yuan_text}" if loan is not None and owned else ""
        yield _record(
            "loan",
            asked.loan,
            passed=owned,
            summary=f"借款人为申请人或配偶{repaid}" if owned else "未查到申请人或配偶的该笔贷款",
            kept={"repaid": str(loan.repaid) if loan else None},
        )
    yield from _person_checks(asked)


def _homes_check(kind: Kind, asked: Asked, declared: Declaration) -> CheckRecord:
    assert asked.homes is not None
    homes = asked.homes.value or ()
    whom = "本人及配偶" if len(asked.family) > 1 else "本人"
    if "no_home" in kind.conditions or "owner" not in "".join(kind.conditions):
        summary = f"{whom}在京住房{len(homes)}套" if homes else f"{whom}在京无住房"
        passed = not homes or "no_home" not in kind.conditions
    else:
        passed = declared.text("certificate_no") in {home.certificate_no for home in homes}
        summary = "该住房登记在申请人或配偶名下" if passed else "登记信息中未见该住房属于申请人或配偶"
    kept = {"persons": len(asked.family), "homes": [home.certificate_no for home in homes]}
    return _record("property", asked.homes, passed=passed, summary=summary, kept=kept)


def _number_check(code: str, answer: AgencyAnswer[Any], asked: Asked) -> CheckRecord:
    found = answer.value
    if code == "rental":
        passed = found is not None and found.valid
        summary = "租房备案有效" if passed else "未查到有效的租房备案"
        kept = {"filing_no": found.filing_no if found else None, "valid": passed}
    elif code == "contract":
        passed = found is not None and found.cancelled_on is None and asked.of_family(found.buyers)
        if found is None:
            summary = "未查到该合同的网签信息"
        elif found.cancelled_on is not None:
            summary = f"网签已于{found.cancelled_on.isoformat()}注销"
        else:
            summary = f"网签有效，合同价款{found.price.yuan_text}" if passed else "买受人不是申请人或配偶"
        kept = {"contract_no": found.contract_no if found else None, "passed": passed}
    else:
        passed = found is not None and found.valid and asked.of_family([found.payer])
        amount = found.amount.yuan_text if found is not None else ""
        summary = f"发票有效，价税合计{amount}" if passed else "未查到申请人或配偶的有效发票"
        kept = {"invoice_no": found.invoice_no if found else None, "passed": passed}
    return _record(code, answer, passed=passed, summary=summary, kept=kept)


def _person_checks(asked: Asked) -> Iterable[CheckRecord]:
    if asked.identity is not None:
        status = asked.identity.value
        matches = status is not None and status.matches
        summary = "姓名与证件号码一致" if matches else "姓名与证件号码不一致"
        province = status.province if status else None
        yield _record("identity", asked.identity, passed=matches, summary=summary, kept={"province": province})
    if asked.pension is not None:
        since = asked.pension.value.since if asked.pension.value else None
        summary = f"自{since.isoformat()}起领取养老金" if since else "未查到养老待遇核定信息"
        yield _record("pension", asked.pension, passed=since is not None, summary=summary, kept={})
    if asked.death is not None:
        died = asked.death.value.died_on if asked.death.value else None
        summary = f"{died.isoformat()}死亡" if died else "未查到死亡登记信息"
        yield _record("death", asked.death, passed=died is not None, summary=summary, kept={})
    if asked.employment is not None:
        value = asked.employment.value
        clear = value is not None and not value.months_elsewhere and not value.open_hpf_loan
        months = value.months_elsewhere if value else 0
        loan = "，有未结清的公积金贷款" if value is not None and value.open_hpf_loan else ""
        summary = f"异地连续缴存{months}个月{loan}"
        yield _record("employment", asked.employment, passed=clear, summary=summary, kept={})


def _record(
    kind: str, answer: AgencyAnswer[Any], *, passed: bool, summary: str, kept: dict[str, object]
) -> CheckRecord:
    answered = answer.outcome == "answered"
    return CheckRecord(
        kind=kind,
        agency=answer.agency,
        asked_at=answer.asked_at,
        as_of=answer.as_of,
        outcome=("passed" if passed else "failed") if answered else "unanswered",
        summary=summary if answered else "对方系统未在时限内答复，需人工核验",
        trace_no=answer.trace_no,
        answer=kept if answered else {"reason": answer.reason},
    )
