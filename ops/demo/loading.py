"""Loads the demonstration city into an empty database, through the same actions as everybody else."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from auth import staff as auth_staff
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from ops.demo.city import Citizen, City

# 缴存比例 12 %, employer and employee each, rounded to whole yuan each.
RATE_PERCENT = 12


async def load_city(*, city: City, now: datetime, seed: str) -> bool:
    """False when the city is there already; one whose loading was cut off is completed."""
    present = {row["login"] for row in await database.rows("SELECT login FROM staff")}
    if present.issuperset(city.staff):
        return False
    async with database.transaction() as tx:
        await _reference(tx, city)
    for citizen in city.citizens.values():
        async with database.transaction() as tx:
            await _citizen(tx, citizen=citizen, city=city, now=now)
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


async def _reference(tx: Transaction, city: City) -> None:
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
        await tx.execute(
            "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            employer["employer_no"],
            employer["name"],
            employer["uscc"],
            employer["office_code"],
            date(2018, 7, 1),
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


def monthly_contribution(*, base: Money) -> Money:
    """Employer's and employee's parts, each rounded half up to whole yuan."""
    part_yuan = (base.fen * RATE_PERCENT + 5000) // 10000
    return Money.yuan(part_yuan * 2)
