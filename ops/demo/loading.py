"""Loads the demonstration city into an empty database, through the same actions as everybody else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from auth import staff as auth_staff
from domain import contributions, settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from ops.demo import other_cities
from ops.demo.city import Citizen, City

# 缴存比例 12 %, employer and employee each, rounded to whole yuan each.
RATE_PERCENT = 12


async def load_city(*, city: City, now: datetime, seed: str) -> bool:
    """False when the city is there already; one whose loading was cut off is completed."""
    present = {row["login"] for row in await database.rows("SELECT login FROM staff")}
    if present.issuperset(city.staff):
        return False
    async with database.transaction() as tx:
        await _reference(tx, city, now=now)
        await settlement.adopt_fund_accounts(tx, on=business_date_of(now))
        await _maintenance_accounts(tx, city, on=business_date_of(now))
        await other_cities.load_centres(tx, now=now)
    for citizen in city.citizens.values():
        async with database.transaction() as tx:
            await _citizen(tx, citizen=citizen, city=city, now=now)
    await _agents(city, now=now)
    for member in city.staff.values():
        if member.login in present:
            continue
        document_no = city.citizens[member.citizen].document_no if member.citizen else None
        await auth_staff.create_staff(
            actor=SYSTEM,
            login=member.login,
            name=member.name,
            password=member.password(seed=seed),
            totp_secret=member.totp_secret(seed=seed),
            roles=frozenset(member.roles),
            office_codes=frozenset(member.offices),
            document_type="01" if document_no else None,
            document_no=document_no,
            must_change=False,
            now=now,
        )
    return True


async def _reference(tx: Transaction, city: City, *, now: datetime) -> None:
    for office in city.offices:
        await tx.execute(
            "INSERT INTO management_office (code, name, district_code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            office["code"],
            office["name"],
            office["district_code"],
        )
    for bank in city.banks:
        await tx.execute(
            "INSERT INTO entrusted_bank (code, name, fund_account_no, active) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            bank["code"],
            bank["name"],
            bank["fund_account_no"],
            bank["entrusted"],
        )
    for employer in city.employers:
        await _employer(tx, employer, now=now)


async def _maintenance_accounts(tx: Transaction, city: City, *, on: date) -> None:
    for one in city.maintenance_accounts:
        await tx.execute(
            "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)"
            " VALUES ($1, $2, 'maintenance_fund', 'demand', '1001', $3, $4, $5) ON CONFLICT DO NOTHING",
            one["code"],
            one["bank"],
            one["number"],
            one["name"],
            on,
        )


async def _employer(tx: Transaction, employer: dict[str, Any], *, now: datetime) -> None:
    """Registered years ago, everything paid to last month."""
    known = await tx.value("SELECT 1 FROM employer_account WHERE employer_no = $1", employer["employer_no"])
    if known is not None:
        return
    await contributions.open_employer(
        tx,
        actor=SYSTEM,
        employer_no=employer["employer_no"],
        wanted=contributions.Registration(
            name=employer["name"],
            uscc=employer["uscc"],
            kind=employer.get("kind", "enterprise"),
            office_code=employer["office_code"],
            pay_day=10,
            first_month=YearMonth(2018, 7),
            employer_rate_bp=RATE_PERCENT * 100,
            employee_rate_bp=RATE_PERCENT * 100,
            source="counter",
        ),
        opened_on=date(2018, 7, 1),
        state="01",
        paid_through=YearMonth.of(business_date_of(now)).minus(months=1),
        now=now,
    )


async def _citizen(tx: Transaction, *, citizen: Citizen, city: City, now: datetime) -> None:
    person_id = await contributions.register_person(
        tx,
        document_type="01",
        document_no=citizen.document_no,
        name=citizen.name,
        mobile=citizen.mobile,
        now=now,
    )
    account = citizen.account
    if account is None or await tx.value("SELECT 1 FROM account WHERE account_no = $1", account["account_no"]):
        return
    employer = next(row for row in city.employers if row["employer_no"] == account["employer_no"])
    monthly = monthly_contribution(base=Money.parse(account["base"]))
    last = YearMonth.of(business_date_of(now)).minus(months=1)
    first = last.minus(months=account["months"] - 1)
    await contributions.open_account(
        tx,
        account_no=account["account_no"],
        person_id=person_id,
        employer_no=account["employer_no"],
        office_code=employer["office_code"],
        base=Money.parse(account["base"]),
        monthly_contribution=monthly,
        opened_on=first.first_day,
    )
    for offset in range(account["months"]):
        month = first.plus(months=offset)
        booked_on = month.last_day - timedelta(days=5)
        await contributions.book_contribution(
            tx,
            account_no=account["account_no"],
            month=month,
            amount=monthly,
            bank_code="102",
            booked_on=booked_on,
            now=now,
        )
    await contributions.register_card(
        tx,
        account_no=account["account_no"],
        bank_code=account["card"]["bank"],
        card_no=account["card"]["number"],
        is_default=True,
        now=now,
    )
    if state := account.get("state"):
        await tx.execute("UPDATE account SET state = $2 WHERE account_no = $1", account["account_no"], state)
        if state == "02":
            await tx.execute(
                "UPDATE employment SET ended_period = $2, ended_by = 'seal', end_reason = '其他'"
                " WHERE account_no = $1 AND ended_period IS NULL",
                account["account_no"],
                last.period,
            )


async def _agents(city: City, *, now: datetime) -> None:
    for agent in city.agents:
        index = contributions.document_index(
            document_type="01", document_no=city.citizens[agent["citizen"]].document_no
        )
        person_id = await database.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
        async with database.transaction() as tx:
            await contributions.appoint_agent(
                tx,
                actor=SYSTEM,
                employer_no=agent["employer_no"],
                person_id=person_id,
                scopes=agent["scopes"],
                source=agent["source"],
                valid_from=date(2020, 1, 1),
                now=now,
            )


def monthly_contribution(*, base: Money) -> Money:
    """Employer's and employee's parts, each rounded half up to whole yuan."""
    part_yuan = (base.fen * RATE_PERCENT + 5000) // 10000
    return Money.yuan(part_yuan * 2)
