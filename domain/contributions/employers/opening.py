"""单位登记开户: an employer registered once for its code, with its department, months, rates and way to pay."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain import policy
from domain.contributions.agents import appoint_agent
from domain.contributions.employers.standing import COUNTER_ROLES, KIND_NAMES
from domain.contributions.numbers import take_numbers
from domain.contributions.persons import document_index
from domain.contributions.refusals import (
    CONTACT_INVALID,
    FIRST_MONTH_INVALID,
    KIND_UNKNOWN,
    NAME_INVALID,
    OFFICE_UNKNOWN,
    PAY_DAY_INVALID,
    USCC_CLOSED,
    USCC_INVALID,
    USCC_KNOWN,
)
from domain.contributions.rules.amounts import limits_of
from domain.contributions.rules.terms import judge_rate
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

SOURCES = ("portal", "counter", "ewindow", "social_security", "city_platform")
_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(rf"[{_USCC_SIGNS}]{{18}}")
_POSTCODE = re.compile(r"[0-9]{6}")
_PHONE = re.compile(r"[0-9][0-9-]{6,19}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,120}\.[A-Za-z]{2,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is registered. Rates in basis points; `opened_on` is today unless an older account is taken over."""

    name: str
    uscc: str
    kind: str
    office_code: str
    pay_day: int
    first_month: YearMonth
    employer_rate_bp: int
    employee_rate_bp: int
    payment_method: str = "bank_transfer"
    address: str = ""
    postcode: str = ""
    phone: str = ""
    email: str = ""
    economic_type: str = ""
    industry: str = ""
    established_on: date | None = None
    legal_name: str = ""
    legal_document_no: str = ""
    source: str = "portal"


def valid_uscc(code: str) -> bool:
    """统一社会信用代码 (GB 32100-2015): alphabet and check sign."""
    if _USCC.fullmatch(code) is None:
        return False
    total = sum(_USCC_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return code[17] == _USCC_SIGNS[(31 - total % 31) % 31]


async def register_employer(
    *, actor: Actor, wanted: Registration, request_key: str, now: datetime, business_date: date
) -> int:
    """Registers at the counter or for a push, and opens the account (02 开户). Returns the employer's number; the same
    key answers as before. Raises Refused with everything that stands against it."""
    if actor.kind not in ("system", "service") and not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    given = {
        name: value if not isinstance(value, YearMonth) else str(value)
        for name, value in ((field, getattr(wanted, field)) for field in Registration.__dataclass_fields__)
    }
    earlier = await idempotency.answered(
        actor=actor, account_no=0, request_key=request_key, operation="register_employer", given=given
    )
    if earlier is not None:
        return int(earlier["employer_no"])
    problems = check_registration(wanted, business_date=business_date)
    if problems:
        raise Refused(*problems)
    employer_no = await take_numbers(name="employer", count=1)
    async with transaction() as tx:
        begun = await idempotency.begin(
            tx, actor=actor, account_no=0, request_key=request_key, operation="register_employer", given=given, now=now
        )
        if begun is not None:
            return int(begun["employer_no"])
        await open_employer(
            tx, actor=actor, employer_no=employer_no, wanted=wanted, opened_on=business_date, state="02", now=now
        )
        await idempotency.finish(
            tx, actor=actor, account_no=0, request_key=request_key, result={"employer_no": str(employer_no)}
        )
    return employer_no


async def register_by_representative(
    *,
    actor: Actor,
    wanted: Registration,
    uscc: str,
    name: str,
    document_no: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> int:
    """The legal representative registers on the portal. `uscc`, `name` and `document_no` are the platform's word, not
    the form's. Appoints them for everything. Returns the employer's number. Raises Refused with everything against
    it."""
    if not actor.is_real_name or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    wanted = replace(
        wanted, uscc=uscc, name=name, legal_name=actor.name, legal_document_no=document_no, source="portal"
    )
    problems = check_registration(wanted, business_date=business_date)
    if problems:
        raise Refused(*problems)
    employer_no = await take_numbers(name="employer", count=1)
    async with transaction() as tx:
        begun = await idempotency.begin(
            tx, actor=actor, account_no=0, request_key=request_key, operation="register_by_representative",
            given={"uscc": uscc}, now=now,
        )  # fmt: skip
        if begun is not None:
            return int(begun["employer_no"])
        await open_employer(
            tx, actor=actor, employer_no=employer_no, wanted=wanted, opened_on=business_date, state="02", now=now
        )
        await appoint_agent(
            tx, actor=actor, employer_no=employer_no, person_id=actor.person_id, scopes=["all"],
            source="legal_representative", valid_from=business_date, now=now,
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=0, request_key=request_key, result={"employer_no": str(employer_no)}
        )
    return employer_no


async def offices() -> list[tuple[str, str]]:
    """Code and name of the management departments."""
    rows = await database.rows("SELECT code, name FROM management_office WHERE closed_on IS NULL ORDER BY code")
    return [(row["code"], row["name"]) for row in rows]


def check_registration(wanted: Registration, *, business_date: date) -> list[Refusal]:
    """The form of a registration. Pure but for policy."""
    found: list[Refusal] = []
    if not 2 <= len(wanted.name.strip()) <= 100:
        found.append(NAME_INVALID())
    if not valid_uscc(wanted.uscc):
        found.append(USCC_INVALID())
    if wanted.kind not in KIND_NAMES or wanted.kind == "pool":
        found.append(KIND_UNKNOWN())
    if not 1 <= wanted.pay_day <= 31:
        found.append(PAY_DAY_INVALID())
    current = YearMonth.of(business_date)
    back = policy.on(business_date).number("collection.first_month_back_max")
    least, most = current.minus(months=back), current.plus(months=1)
    if not least <= wanted.first_month <= most:
        found.append(FIRST_MONTH_INVALID(least=least, most=most))
    else:
        limits = limits_of(wanted.first_month)
        for rate in {wanted.employer_rate_bp, wanted.employee_rate_bp}:
            found += judge_rate(rate_bp=rate, limits=limits)
    found += check_contact(postcode=wanted.postcode, phone=wanted.phone, email=wanted.email)
    return found


def check_contact(*, postcode: str, phone: str, email: str) -> list[Refusal]:
    checks = ((postcode, _POSTCODE, "邮政编码"), (phone, _PHONE, "联系电话"), (email, _EMAIL, "电子信箱"))
    return [CONTACT_INVALID(what=name) for text, shape, name in checks if text and shape.fullmatch(text) is None]


async def open_employer(
    tx: Transaction,
    *,
    actor: Actor,
    employer_no: int,
    wanted: Registration,
    opened_on: date,
    state: str,
    now: datetime,
    paid_through: YearMonth | None = None,
) -> None:
    """Writes the employer, its code, its account and its first rates. Raises Refused for a code that is registered
    and a department that is not there."""
    if await tx.value(_OPEN_OFFICE, wanted.office_code) is None:
        raise Refused(OFFICE_UNKNOWN())
    taken = await tx.execute(
        "INSERT INTO employer_code (uscc, employer_no) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        wanted.uscc,
        employer_no,
    )
    if not taken.endswith(" 1"):
        known = await tx.value("SELECT employer_no FROM employer_code WHERE uscc = $1", wanted.uscc)
        if known != employer_no:
            closed = await tx.value("SELECT state = '04' FROM employer WHERE employer_no = $1", known)
            raise Refused((USCC_CLOSED if closed else USCC_KNOWN)(employer_no=known))
    await tx.execute(
        "INSERT INTO employer (employer_no, name, uscc, office_code, state, opened_on, kind)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (employer_no) DO UPDATE SET kind = excluded.kind",
        employer_no,
        wanted.name.strip(),
        wanted.uscc,
        wanted.office_code,
        state,
        opened_on,
        wanted.kind,
    )
    sealed = vault.current()
    legal_no = wanted.legal_document_no.upper()
    await tx.execute(
        "INSERT INTO employer_account (employer_no, source, address, postcode, phone, email, economic_type, industry,"
        " established_on, legal_name_cipher, legal_name_masked, legal_document_cipher, legal_document_masked,"
        " legal_document_index, pay_day, first_period, paid_through_period, payment_method, opened_on, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        employer_no,
        wanted.source,
        wanted.address,
        wanted.postcode,
        wanted.phone,
        wanted.email,
        wanted.economic_type,
        wanted.industry,
        wanted.established_on,
        sealed.encrypt(wanted.legal_name) if wanted.legal_name else None,
        mask_name(wanted.legal_name) if wanted.legal_name else None,
        sealed.encrypt(legal_no) if legal_no else None,
        mask_id_document(legal_no) if legal_no else None,
        document_index(document_type="01", document_no=legal_no) if legal_no else None,
        wanted.pay_day,
        wanted.first_month.period,
        paid_through.period if paid_through else None,
        wanted.payment_method,
        opened_on,
        now,
    )
    await tx.execute(
        "INSERT INTO employer_rate (employer_no, from_period, employer_rate_bp, employee_rate_bp, set_by, set_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        employer_no,
        wanted.first_month.period,
        wanted.employer_rate_bp,
        wanted.employee_rate_bp,
        actor.reference,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="employer.registered",
        subject=f"employer:{employer_no}",
        now=now,
        detail={"uscc": wanted.uscc, "source": wanted.source, "office": wanted.office_code},
    )


async def employer_of_code(*, uscc: str, using: Executor = database.pool) -> int | None:
    """The employer registered under a code, whatever its state; None when there is none."""
    found: int | None = await using.value("SELECT employer_no FROM employer_code WHERE uscc = $1", uscc)
    return found


# Locked against closing until the employer is there.
_OPEN_OFFICE = "SELECT 1 FROM management_office WHERE code = $1 AND closed_on IS NULL FOR SHARE"
