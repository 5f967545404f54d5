"""Citizens and staff for API tests: each test makes its own, so that tests share nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from auth import agents, sessions, tokens
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Assurance
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import mask_name, new_id, valid_id_card
from domain.kernel.money import Money
from schema.types.nodes import global_id

CHANNEL = "jingtong_h5"


@dataclass(frozen=True, kw_only=True)
class Citizen:
    person_id: int
    document_no: str
    account_no: int
    card_id: int
    session_id: int
    token: str

    @property
    def card(self) -> str:
        return global_id("Card", self.card_id)

    @property
    def account(self) -> str:
        return global_id("Account", self.account_no)


@dataclass(frozen=True, kw_only=True)
class StaffMember:
    staff_id: int
    session_id: int
    token: str


async def reference_data() -> None:
    """An office, two banks (403 is not entrusted) and an employer, unless they are there."""
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO management_office (code, name, district_code) VALUES ('0101', '东城管理部', '110101')"
            " ON CONFLICT DO NOTHING"
        )
        await tx.execute(
            "INSERT INTO entrusted_bank (code, name, fund_account_no, active) VALUES"
            " ('102', '中国工商银行', '0200000109000000001', true),"
            " ('403', '中国邮政储蓄银行', '9110000109000000005', false) ON CONFLICT DO NOTHING"
        )
        await tx.execute(
            "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)"
            " VALUES (100001, '北京晨曦科技有限公司', '91110101MA0DEM00XL', '0101', '2018-07-01')"
            " ON CONFLICT DO NOTHING"
        )


async def new_citizen(
    *, now: datetime, months: int = 12, state: str = "01", bank_code: str = "102", name: str = "测试人"
) -> Citizen:
    """A citizen who has contributed 2,880 yuan a month, through last month, and is logged in."""
    document_no = _document_no()
    account_no = 800_000_000_000 + secrets.randbelow(10**9)
    async with database.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=document_no, name=name, mobile="13800000000", now=now
        )
        last = YearMonth.of(business_date_of(now)).minus(months=1)
        await contributions.open_account(
            tx,
            account_no=account_no,
            person_id=person_id,
            employer_no=100001,
            office_code="0101",
            base=Money.yuan(12_000),
            monthly_contribution=Money.yuan(2_880),
            opened_on=last.minus(months=months).first_day,
        )
        for back in reversed(range(months)):
            month = last.minus(months=back)
            await contributions.book_contribution(
                tx,
                account_no=account_no,
                month=month,
                amount=Money.yuan(2_880),
                bank_code="102",
                booked_on=month.last_day,
                now=now,
            )
        card_id = await contributions.register_card(
            tx,
            account_no=account_no,
            bank_code=bank_code,
            card_no=f"6222{secrets.randbelow(10**12):012d}",
            is_default=True,
            now=now,
        )
        await tx.execute("UPDATE account SET state = $2 WHERE account_no = $1", account_no, state)
    session_id, token = await citizen_session(person_id=person_id, name=name, now=now)
    return Citizen(
        person_id=person_id,
        document_no=document_no,
        account_no=account_no,
        card_id=card_id,
        session_id=session_id,
        token=token,
    )


async def citizen_session(
    *, person_id: int, name: str, now: datetime, assurance: Assurance = "real_name"
) -> tuple[int, str]:
    opened = await sessions.open_session(
        holder="citizen",
        identity=person_id,
        channel=CHANNEL,
        assurance=assurance,
        device="test",
        now=now,
    )
    token = await tokens.issue(
        holder="citizen",
        identity=person_id,
        session_id=opened.session_id,
        channel=CHANNEL,
        assurance=assurance,
        name=mask_name(name),
        session_expires_at=opened.expires_at,
        now=now,
    )
    return opened.session_id, token.token


async def new_agent(
    citizen: Citizen, *, now: datetime, employer_no: int = 100001, scopes: tuple[str, ...] = ("all",)
) -> str:
    """The citizen as agent of the employer of `reference_data`: an access token."""
    today = business_date_of(now)
    async with database.transaction() as tx:
        await contributions.appoint_agent(
            tx,
            actor=SYSTEM,
            employer_no=employer_no,
            person_id=citizen.person_id,
            scopes=scopes,
            source="test",
            valid_from=today,
            now=now,
        )
    signed_in = await agents.open_agent_session(
        person_id=citizen.person_id, employer_no=employer_no, assurance="real_name", device="test", by=SYSTEM, now=now
    )
    return (await agents.token_for_agent(cookie=signed_in.cookie, now=now)).token


async def new_staff(*roles: str, now: datetime, offices: tuple[str, ...] = ()) -> StaffMember:
    """A member of staff who is logged in; nobody could log in as them again."""
    staff_id = new_id()
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles,"
            " office_codes) VALUES ($1, $2, '测试员', 'none', $3, ''::bytea, $4, $5)",
            staff_id,
            f"staff{staff_id}",
            now,
            list(roles),
            list(offices),
        )
    opened = await sessions.open_session(
        holder="staff", identity=staff_id, channel="backoffice", assurance="password", device="test", now=now
    )
    token = await tokens.issue(
        holder="staff",
        identity=staff_id,
        session_id=opened.session_id,
        channel="backoffice",
        assurance="password",
        name="测试员",
        session_expires_at=opened.expires_at,
        now=now,
    )
    return StaffMember(staff_id=staff_id, session_id=opened.session_id, token=token.token)


def _document_no() -> str:
    body = f"1101051990{1 + secrets.randbelow(12):02d}{1 + secrets.randbelow(28):02d}{secrets.randbelow(1000):03d}"
    return next(body + check for check in "0123456789X" if valid_id_card(body + check))
