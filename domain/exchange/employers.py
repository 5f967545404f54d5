"""单位登记、委托收款账户、账户注销: what a push about an employer does (R01.1, R01.2)."""

from __future__ import annotations

from datetime import date, datetime

from domain import contributions
from domain.contributions import CollectionAccount, Registration
from domain.exchange.bodies import AccountBody, AccountCancelledBody, AgentBody, EmployerBody, Push
from domain.exchange.records import Outcome, Waiting, end, latest, place
from domain.exchange.refusals import AGENT_DIFFERS, DISTRICT_UNKNOWN, NAME_DIFFERS, REGISTERED_CLOSED
from domain.kernel import database
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.refusal import Refused

_ACCOUNT_KINDS = ("collection_account", "account_cancelled")
NOT_REGISTERED = "单位尚未登记开户，收到单位登记后自动继续办理"


async def employer_of(*, push: Push, row: Record) -> int:
    """The employer of the push's code, noted in the record. Raises Waiting while it is not registered."""
    employer_no = await contributions.employer_of_code(uscc=push.uscc)
    if employer_no is None:
        raise Waiting(NOT_REGISTERED)
    await place(record_id=row["record_id"], employer_no=employer_no)
    return employer_no


async def take_registration(
    *, push: Push, body: EmployerBody, row: Record, now: datetime, business_date: date
) -> Outcome:
    """Opens the employer's account and appoints its agent. One that is registered already, here or by the other source,
    is left as it is: nobody is appointed for an employer that others have opened. Raises Refused."""
    standing = await contributions.employer_of_code(uscc=push.uscc)
    if standing is not None and not await _opened_by(standing, push):
        return await _already(push, body, row, standing, now=now)
    agent_id = await _known_agent(body.agent) if body.agent else None
    office = await _office(body.district_code)
    # refused or not, the department of the district finds it
    await place(record_id=row["record_id"], office_code=office)
    first = body.first_month or YearMonth.of(business_date_of(push.occurred_at))
    wanted = Registration(
        name=body.name,
        uscc=push.uscc,
        kind=body.kind,
        office_code=office,
        pay_day=body.pay_day,
        first_month=first,
        employer_rate_bp=body.rate_bp,
        employee_rate_bp=body.rate_bp,
        address=body.address,
        postcode=body.postcode,
        phone=body.phone,
        email=body.email,
        economic_type=body.economic_type,
        industry=body.industry,
        established_on=body.established_on,
        legal_name=body.legal_name,
        legal_document_no=body.legal_document_no,
        source=push.source,
    )
    try:
        employer_no = await contributions.register_employer(
            actor=push.actor, wanted=wanted, request_key=push.request_key, now=now, business_date=business_date
        )
    except Refused as refused:
        other = await contributions.employer_of_code(uscc=push.uscc)
        # the other source was here at the same time
        if other is None or refused.refusals[0].code != "employer.uscc_registered":
            raise
        return await _already(push, body, row, other, now=now)
    await place(record_id=row["record_id"], employer_no=employer_no, period=first.period)
    async with transaction() as tx:
        if body.agent is not None:
            await _appoint(tx, push=push, body=body.agent, person_id=agent_id, employer_no=employer_no, now=now)
        return await end(
            tx, push=push, record_id=row["record_id"], state="done", now=now, message=f"已开户，单位登记号{employer_no}"
        )


async def _already(push: Push, body: EmployerBody, row: Record, employer_no: int, *, now: datetime) -> Outcome:
    standing = await database.row("SELECT name, state FROM employer WHERE employer_no = $1", employer_no)
    assert standing is not None
    if standing["state"] == "04":
        raise Refused(REGISTERED_CLOSED())
    if _plain(standing["name"]) != _plain(body.name):
        raise Refused(NAME_DIFFERS())
    await place(record_id=row["record_id"], employer_no=employer_no)
    return await end(
        database.pool, push=push, record_id=row["record_id"], state="done", now=now,
        message=f"单位已登记，登记号{employer_no}，未重复开户",
    )  # fmt: skip


async def take_account(*, push: Push, body: AccountBody, row: Record, now: datetime, business_date: date) -> Outcome:
    """The account that is collected from, on its day (R01.1). An older push than what stands changes nothing."""
    employer_no = await employer_of(push=push, row=row)
    if await _outdated(push, row, employer_no):
        return await _superseded(push, row, now=now)
    matter_no = await contributions.open_entrusted_collection(
        actor=push.actor,
        employer_no=employer_no,
        account=CollectionAccount(
            bank_code=body.bank_code, account_no=body.account_no, account_name=body.account_name, day=body.day
        ),
        notice_version=body.notice_version,
        request_key=push.request_key,
        now=now,
        business_date=business_date,
    )
    return await end(
        database.pool, push=push, record_id=row["record_id"], state="done", now=now,
        message=f"已开通委托收款，扣款日{body.day}日，办件编号{matter_no}",
    )  # fmt: skip


async def take_cancellation(
    *, push: Push, body: AccountCancelledBody, row: Record, now: datetime, business_date: date
) -> Outcome:
    """The account is closed at its bank. Pushed ahead of the account itself, it waits for it."""
    employer_no = await employer_of(push=push, row=row)
    if await _outdated(push, row, employer_no):
        return await _superseded(push, row, now=now)
    try:
        matter_no = await contributions.cancel_collection_account(
            actor=push.actor, employer_no=employer_no, account_no=body.account_no, request_key=push.request_key,
            now=now, business_date=business_date,
        )  # fmt: skip
    except Refused as refused:
        if refused.refusals[0].code in ("collection.not_open", "collection.other_account"):
            raise Waiting("要注销的扣款账户尚未报送，收到后自动继续办理") from None
        raise
    return await end(
        database.pool, push=push, record_id=row["record_id"], state="done", now=now,
        message=f"已注销扣款账户，缴款方式改为单位汇款，办件编号{matter_no}",
    )  # fmt: skip


async def _outdated(push: Push, row: Record, employer_no: int) -> bool:
    newest = await latest(employer_no=employer_no, kinds=_ACCOUNT_KINDS, besides=row["record_id"])
    return newest is not None and newest > push.occurred_at


async def _superseded(push: Push, row: Record, *, now: datetime) -> Outcome:
    return await end(
        database.pool, push=push, record_id=row["record_id"], state="superseded", now=now,
        message="已有发生时间更晚的报送，本次未作改变",
    )  # fmt: skip


async def _office(district_code: str) -> str:
    """The department of the district; of several the first by code. Raises Refused."""
    found: str | None = await database.value(
        "SELECT code FROM management_office WHERE district_code = $1 AND closed_on IS NULL ORDER BY code LIMIT 1",
        district_code,
    )
    if found is None:
        raise Refused(DISTRICT_UNKNOWN(code=district_code))
    return found


async def _opened_by(employer_no: int, push: Push) -> bool:
    """Whether this very push opened the employer and was cut off before its end."""
    made = await database.value(
        "SELECT 1 FROM request_record WHERE account_no = 0 AND request_key = $1 AND actor = $2"
        " AND operation = 'register_employer' AND result ->> 'employer_no' = $3",
        push.request_key,
        push.actor.reference,
        str(employer_no),
    )
    return made is not None


async def _known_agent(body: AgentBody) -> int | None:
    """Somebody known here keeps the name and phone of here. Raises Refused for another name."""
    person_id = await contributions.person_by_document(document_type=body.document_type, document_no=body.document_no)
    if person_id is not None:
        known = await contributions.clear_person(person_id=person_id)
        if _plain(known.name) != _plain(body.name):
            raise Refused(AGENT_DIFFERS())
    return person_id


async def _appoint(
    tx: Transaction, *, push: Push, body: AgentBody, person_id: int | None, employer_no: int, now: datetime
) -> None:
    if person_id is None:
        person_id = await contributions.register_person(
            tx,
            document_type=body.document_type,
            document_no=body.document_no,
            name=body.name,
            mobile=body.mobile or None,
            now=now,
        )
    # the day of opening, and not today: cut off and gone on with tomorrow it is the same appointment
    opened_on = await tx.value("SELECT opened_on FROM employer WHERE employer_no = $1", employer_no)
    await contributions.appoint_agent(
        tx,
        actor=push.actor,
        employer_no=employer_no,
        person_id=person_id,
        scopes=("all",),
        source=push.source,
        valid_from=opened_on,
        now=now,
    )


def _plain(name: str) -> str:
    return "".join(name.split()).replace("（", "(").replace("）", ")")
