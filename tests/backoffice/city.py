"""A small city for the staff pages: offices, accounts, agencies that answer as told, staff with codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pyotp

from auth import passwords
from domain import contributions, withdrawals
from domain.cases import CaseView
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.withdrawals import AgencyAnswer, Home, Marriage, PersonIdentity, Registries, RentalFiling

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PASSWORD = "Correct-horse-7"
_hash: list[str] = []

OFFICES = {"0101": "东城管理部", "0105": "朝阳管理部"}
CITIZENS = {
    # key: name, document, account, office, agencies that stay silent
    "zhang": ("张伟", "110105199103151017", 801000000001, "0101", ()),
    "li": ("李娜", "110108198807222041", 801000000002, "0105", ()),
    "chen": ("陈静", "110105199302065082", 801000000005, "0105", ("property",)),
    "ma": ("马丽", "110102198909282266", 801000000012, "0101", ()),
}
STAFF = {
    # login: name, roles, offices, the member of staff as a citizen
    "li.min": ("李敏", ["preliminary_reviewer"], [], None),
    "wang.fang": ("王芳", ["final_reviewer"], [], None),
    "ma.li": ("马丽", ["preliminary_reviewer", "final_reviewer"], [], "ma"),
    "zhao.gang": ("赵刚", ["supervisor", "preliminary_reviewer"], [], None),
    "sun.cai": ("孙财", ["finance"], [], None),
    "zhou.xitong": ("周系统", ["system_admin"], [], None),
    "wu.anquan": ("吴安全", ["security_admin"], [], None),
    "zheng.shenji": ("郑审计", ["audit_admin"], [], None),
    "dong.cheng": ("冯东", ["preliminary_reviewer"], ["0101"], None),
}
SECRETS = {login: pyotp.random_base32(32) for login in STAFF}


@dataclass
class Clock:
    """The time of a test; it moves only when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **parts: int) -> datetime:
        self.now += timedelta(**parts)
        return self.now


def code_of(login: str, now: datetime) -> str:
    return pyotp.TOTP(SECRETS[login]).at(now)


@dataclass
class Agencies:
    """All three agencies. They know no homes and no spouses; about some persons one of them stays silent."""

    silent: frozenset[tuple[str, str]] = frozenset(
        (agency, document_no) for _, document_no, _, _, silent in CITIZENS.values() for agency in silent
    )

    def _keeps_silent(self, agency: str, persons: Sequence[PersonIdentity]) -> bool:
        return any((agency, person.document_no) in self.silent for person in persons)

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        if self._keeps_silent("property", persons):
            return AgencyAnswer(
                agency="市规划自然资源委",
                asked_at=now,
                as_of=None,
                outcome="no_answer",
                value=None,
                trace_no="T-HOMES",
                reason="部门接口超时未答复",
            )
        return AgencyAnswer(
            agency="市规划自然资源委",
            asked_at=now,
            as_of=now,
            outcome="answered",
            value=(),
            trace_no="T-HOMES",
        )

    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        return AgencyAnswer(
            agency="市民政局",
            asked_at=now,
            as_of=now,
            outcome="answered",
            value=Marriage(status="single"),
            trace_no="T-MARRIAGE",
        )

    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        return AgencyAnswer(
            agency="市住房城乡建设委",
            asked_at=now,
            as_of=now,
            outcome="answered",
            value=None,
            trace_no="T-FILING",
        )


def registries() -> Registries:
    agencies = Agencies()
    names = ("property", "marriage", "rental", "identity", "contract", "invoice", "loan", "life")
    return Registries(**dict.fromkeys(names, agencies))


async def load(now: datetime) -> None:
    """Offices, a bank, an employer, citizens with four months of contribution, and staff."""
    for code, name in OFFICES.items():
        await database.execute("INSERT INTO management_office VALUES ($1, $2, $3)", code, name, "110101")
    await database.execute("INSERT INTO entrusted_bank VALUES ('102', '中国工商银行', '0200000109000000001', true)")
    await database.execute(
        "INSERT INTO employer VALUES (100001, '晨曦公司', '91110101MA0DEM00XL', '0101', '01', $1)",
        date(2018, 7, 1),
    )
    for key in CITIZENS:
        await _load_citizen(key, now)
    if not _hash:
        _hash.append(await passwords.hash_password(PASSWORD))
    for login, (name, roles, offices, citizen) in STAFF.items():
        index = None
        if citizen is not None:
            index = contributions.document_index(document_type="01", document_no=CITIZENS[citizen][1])
        await database.execute(
            "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at,"
            " totp_cipher, roles, office_codes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            new_id(),
            login,
            name,
            index,
            _hash[0],
            now,
            vault.current().encrypt(SECRETS[login]),
            roles,
            offices,
        )


async def _load_citizen(key: str, now: datetime) -> None:
    name, document_no, account_no, office, _ = CITIZENS[key]
    last = YearMonth.of(business_date_of(now)).minus(months=1)
    async with database.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=document_no, name=name, mobile="13800000001", now=now
        )
        await contributions.open_account(
            tx,
            account_no=account_no,
            person_id=person_id,
            employer_no=100001,
            office_code=office,
            base=Money.yuan(12000),
            monthly_contribution=Money.yuan(2880),
            opened_on=last.minus(months=3).first_day,
        )
        for back in range(3, -1, -1):
            month = last.minus(months=back)
            await contributions.book_contribution(
                tx,
                account_no=account_no,
                month=month,
                amount=Money.yuan(2880),
                bank_code="102",
                booked_on=month.last_day,
                now=now,
            )
        await contributions.register_card(
            tx,
            account_no=account_no,
            bank_code="102",
            card_no=f"62284804025{account_no % 10**8:08d}",
            is_default=True,
            now=now,
        )


async def citizen(key: str) -> Actor:
    document_no = CITIZENS[key][1]
    index = contributions.document_index(document_type="01", document_no=document_no)
    person_id = await database.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
    return Actor(kind="citizen", channel="jingtong_h5", person_id=person_id, assurance="real_name")


async def apply(key: str, now: datetime) -> CaseView:
    """A rent withdrawal of this citizen, as the API makes it."""
    actor = await citizen(key)
    cards = await contributions.cards_of(actor=actor)
    return await withdrawals.apply_for_withdrawal(
        actor=actor,
        application=withdrawals.Application(
            kind="rent_no_home", frequency="monthly", card_id=cards[0].card_id, auto_renewal=True, commitment=True
        ),
        request_key=f"apply-{new_id()}",
        business_date=business_date_of(now),
        now=now,
        registries=registries(),
    )


async def staff_id_of(login: str) -> int:
    staff_id: int = await database.value("SELECT staff_id FROM staff WHERE login = $1", login)
    return staff_id


async def many_cases(owner: asyncpg.Connection, clock: Clock, count: int) -> list[str]:
    """Copies of one case, a minute apart: what a busy day leaves."""
    case = await apply("zhang", clock.now)
    columns = [
        row["column_name"]
        for row in await owner.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = 'service_case'"
        )
    ]
    changed = {
        "case_id": "case_id + n",
        "case_no": "'20261123C20' || lpad(n::text, 10, '0')",
        "submitted_at": "submitted_at + n * interval '1 minute'",
        "ended_at": "submitted_at + n * interval '2 minutes'",
        "state": "'completed'",
    }
    chosen = ", ".join(changed.get(column, column) for column in columns)
    await owner.execute(
        f"INSERT INTO service_case ({', '.join(columns)}) SELECT {chosen} FROM service_case,"
        f" generate_series(1, {count - 1}) n"
    )
    return [case.case_no, *(f"20261123C20{number:010d}" for number in range(1, count))]
