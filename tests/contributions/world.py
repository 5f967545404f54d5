"""Employers, people and lists for tests that call the domain itself."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import openpyxl

from domain import contributions
from domain.contributions import EmployerStanding, ListOpened
from domain.contributions.ports import PersonAsked, Standing
from domain.contributions.rules.rows import COLUMNS, COLUMNS_OF
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import _ID_CHECKS, _ID_WEIGHTS, new_id
from domain.kernel.money import Money
from tests.settlement.world import key, open_centre, staff

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
EMPLOYER, OTHER = 100001, 100002
DUE = YearMonth(2026, 11)
BASE = Money.yuan(10_000)

COUNTER = staff(21, Role.SERVICE_DESK)
OF_OTHER_OFFICE = staff(22, Role.SERVICE_DESK, offices=("0105",))


def agent(employer_no: int = EMPLOYER, *scopes: str, channel: str = "employer_portal") -> Actor:
    return Actor(
        kind="agent",
        channel=channel,
        name="经办人",
        person_id=7_000_000 + employer_no,
        employer_no=employer_no,
        scopes=frozenset(scopes or ("all",)),
        assurance="real_name",
    )


AGENT = agent()


async def open_city() -> None:
    """Two employers at 12 %, paid to October; the second in another department."""
    await open_centre()
    for employer_no, uscc, name, office in (
        (EMPLOYER, "91110101MA0DEM00XL", "北京晨曦科技有限公司", "0101"),
        (OTHER, "91110102MA0DEM01X4", "北京和风设计事务所", "0105"),
    ):
        async with database.transaction() as tx:
            await contributions.open_employer(
                tx,
                actor=SYSTEM,
                employer_no=employer_no,
                wanted=contributions.Registration(
                    name=name,
                    uscc=uscc,
                    kind="enterprise",
                    office_code=office,
                    pay_day=10,
                    first_month=YearMonth(2026, 1),
                    employer_rate_bp=1200,
                    employee_rate_bp=1200,
                ),
                opened_on=date(2026, 1, 5),
                state="01",
                paid_through=DUE.minus(months=1),
                now=NOW,
            )


def id_card(number: int) -> str:
    """A synthetic number whose check digit holds; the district 990101 is nobody's."""
    year, month, day = 80 + number // 100_000 % 20, 1 + number // 10_000 % 12, 1 + number // 1_000 % 28
    body = f"99010119{year:02d}{month:02d}{day:02d}{number % 1000:03d}"
    return body + _ID_CHECKS[sum(w * int(d) for w, d in zip(_ID_WEIGHTS, body, strict=True)) % 11]


async def person_with_account(
    number: int, *, employer_no: int = EMPLOYER, state: str = "01", name: str = "", months: Sequence[YearMonth] = ()
) -> int:
    """Somebody with an account at an employer; sealed ones have no running employment. Returns the account's number."""
    account_no = 801_000_000_000 + number
    async with database.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=id_card(number), name=name or name_of(number), mobile=None, now=NOW
        )
        await contributions.open_account(
            tx,
            account_no=account_no,
            person_id=person_id,
            employer_no=employer_no,
            office_code="0101",
            base=BASE,
            monthly_contribution=Money.yuan(2400),
            opened_on=date(2026, 1, 5),
        )
        for month in months:
            await contributions.book_contribution(
                tx,
                account_no=account_no,
                month=month,
                amount=Money.yuan(2400),
                bank_code="102",
                booked_on=TODAY,
                now=NOW,
            )
        if state != "01":
            await tx.execute("UPDATE account SET state = $2 WHERE account_no = $1", account_no, state)
            await tx.execute(
                "UPDATE employment SET ended_period = 202610, ended_by = 'seal' WHERE account_no = $1", account_no
            )
    return account_no


def name_of(number: int) -> str:
    return "样例" + "甲乙丙丁戊己庚辛壬癸"[number % 10] + f"{number:d}"


@dataclass
class Registries:
    """Answers by document; everybody else is nobody's pensioner."""

    known: dict[str, Standing] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    asked: int = 0

    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        self.asked += len(persons)
        if self.silent:
            return [Standing(no_answer=self.silent) for _ in persons]
        return [self.known.get(person.document_no, Standing()) for person in persons]


def row(number: int, action: str = "新开户", **given: str) -> dict[str, str]:
    """A row of a change list by columns."""
    base = "10000" if action in ("新开户", "启封", "转入", "基数变更") else ""
    return {"action": action, "document_no": id_card(number), "name": name_of(number), "base": base, **given}


def csv_file(kind: str, rows: Sequence[dict[str, str]], *, encoding: str = "utf-8") -> bytes:
    lines = [",".join(COLUMNS[column] for column in COLUMNS_OF[kind])]
    lines += [",".join(one.get(column, "") for column in COLUMNS_OF[kind]) for one in rows]
    return "\r\n".join(lines).encode(encoding)


def xlsx_file(kind: str, rows: Sequence[dict[str, Any]], *, merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([COLUMNS[column] for column in COLUMNS_OF[kind]])
    for one in rows:
        sheet.append([one.get(column) for column in COLUMNS_OF[kind]])
    if merge:
        sheet.merge_cells(merge)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def receive(
    rows: Sequence[dict[str, Any]] | bytes,
    *,
    kind: str = "change",
    month: YearMonth | None = DUE,
    employer_no: int = EMPLOYER,
    actor: Actor | None = None,
    name: str = "清册.csv",
) -> ListOpened:
    content = rows if isinstance(rows, bytes) else csv_file(kind, rows)
    return await contributions.receive_list_file(
        actor=actor or agent(employer_no),
        employer_no=employer_no,
        kind=kind,
        month=None if kind == "back_payment" else month,
        file_name=name,
        content=content,
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )


async def check(opened: ListOpened, registries: Registries | None = None, *, employer_no: int = EMPLOYER) -> str:
    return await contributions.check_list(
        employer_no=employer_no, list_id=opened.list_id, registries=registries or Registries(), now=NOW
    )


async def submit(opened: ListOpened, *, accepted_only: bool = False, employer_no: int = EMPLOYER) -> str:
    """Submits and carries out."""
    await contributions.submit_list(
        actor=agent(employer_no),
        employer_no=employer_no,
        list_no=opened.list_no,
        accepted_only=accepted_only,
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )
    return await contributions.apply_list(employer_no=employer_no, list_id=opened.list_id, now=NOW, business_date=TODAY)


async def carried_out(rows: Sequence[dict[str, Any]], **given: Any) -> ListOpened:
    opened = await receive(rows, **given)
    employer_no = given.get("employer_no", EMPLOYER)
    assert await check(opened, employer_no=employer_no) == "checked"
    assert await submit(opened, employer_no=employer_no) == "applied"
    return opened


async def problems(opened: ListOpened) -> dict[int, list[tuple[str, str]]]:
    """Row → (column, code) of what is wrong; only rows that are refused."""
    rows = await database.rows(
        "SELECT row_no, problems FROM contribution_list_row WHERE list_id = $1 AND state = 'refused' ORDER BY row_no",
        opened.list_id,
    )
    return {one["row_no"]: [(p["column"], p["code"]) for p in one["problems"]] for one in rows}


async def standing() -> EmployerStanding:
    return await contributions.standing_of(employer_no=EMPLOYER)


async def draw(month: YearMonth = DUE, method: str = "bank_transfer", **given: Any) -> contributions.Drawn:
    wanted: dict[str, Any] = {"actor": AGENT, "employer_no": EMPLOYER, "request_key": key(), **given}
    return await contributions.draw_statement(month=month, method=method, now=NOW, business_date=TODAY, **wanted)


async def hear(kind: str) -> Iterator[dict[str, Any]]:
    """Payloads of events, oldest first."""
    rows = await database.rows("SELECT payload FROM outbox WHERE kind = $1 ORDER BY event_id", kind)
    return iter([dict(one["payload"]) for one in rows])


async def matched_money_arrives() -> None:
    """What the worker does with matched receipts and paid statements."""
    for payload in await hear("receipt.matched"):
        async with database.transaction() as tx:
            await contributions.money_arrived(
                tx,
                expectation_id=int(payload["expectation_id"]),
                voucher_id=int(payload["voucher_id"]),
                receipt_id=int(payload["receipt_id"]),
                now=NOW,
                business_date=TODAY,
            )
    for employer_no, statement_id in await contributions.statements_paid():
        await contributions.distribute_statement(
            employer_no=employer_no, statement_id=statement_id, now=NOW, business_date=TODAY
        )


async def balance_of(account_no: int) -> Money:
    return Money(await database.value("SELECT balance_fen FROM account_balance WHERE account_no = $1", account_no))


def fresh() -> int:
    return new_id()


async def statement_row(drawn: contributions.Drawn) -> database.Record:
    found = await database.row("SELECT * FROM remittance_statement WHERE statement_id = $1", drawn.statement_id)
    assert found is not None
    return found


async def list_row(opened: ListOpened) -> database.Record:
    found = await database.row("SELECT * FROM contribution_list WHERE list_id = $1", opened.list_id)
    assert found is not None
    return found


async def account_rows() -> list[database.Record]:
    return await database.rows("SELECT * FROM account ORDER BY account_no")
