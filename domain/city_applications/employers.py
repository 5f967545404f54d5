"""Employers' items: what the platform hands us becomes the employer's own matter, by the same actions and rules as on
every other channel. The platform answers for the employer; who acts for it is the agent whom the form names, and must
be its agent here. Names of the form are our assumption, as all of the platform's interface."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from domain import contributions
from domain.city_applications.receiving import CHANNEL, PLATFORM, form_of
from domain.city_applications.refusals import AGENT_UNKNOWN, EMPLOYER_UNKNOWN, FIELD_MISSING
from domain.contributions import GivenDocument, Registration
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_name
from domain.kernel.refusal import Refused

FILES = {"resolutionFile": "union_resolution", "rulingFile": "bankruptcy_ruling"}
"""Fields that name an electronic document of the application, and the kind of paper that it is then."""
_INFORMATION = {
    "address": "address", "postcode": "postcode", "phone": "phone", "email": "email", "payDay": "pay_day",
    "name": "name", "kind": "kind", "officeCode": "office_code", "economicType": "economic_type",
    "industry": "industry",
}  # fmt: skip
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An application on its way to become a matter; `request_key` is one for each state of its form."""

    row: Record
    form: Mapping[str, str]
    request_key: str
    now: datetime
    business_date: date


Open = Callable[[Asked], Awaitable[tuple[str, str]]]
"""To the kind of matter and its number. Raises Refused."""


async def agent_of(*, row: Record, on: date) -> Actor:
    """The person who acts for the employer. Raises Refused for an employer that is not ours, and for somebody who is
    not its agent."""
    employer_no, form = await employer_of(row=row), form_of(row)
    document_no, name = form.get("agentCertNo", "").strip().upper(), form.get("agentName", "").strip()
    person_id = await contributions.person_by_document(document_type="01", document_no=document_no)
    person = None if person_id is None else await contributions.clear_person(person_id=person_id)
    if person_id is None or person is None or person.name != name:
        raise Refused(AGENT_UNKNOWN())
    held = [
        one for one in await contributions.agencies_of(person_id=person_id, on=on) if one.employer_no == employer_no
    ]
    if not held:
        raise Refused(AGENT_UNKNOWN())
    return Actor(
        kind="agent",
        channel=CHANNEL,
        name=mask_name(name),
        person_id=person_id,
        employer_no=employer_no,
        scopes=held[0].scopes,
        assurance="real_name",
    )


async def awaits_file(*, row: Record) -> bool:
    """Whether the form names an electronic document that has not come: applications come before their documents."""
    named = {form_of(row).get(field, "").strip() for field in FILES} - {""}
    found = await database.rows(
        "SELECT file_no FROM city_application_file WHERE application_id = $1 AND file_no = ANY ($2::text[])",
        row["application_id"],
        sorted(named),
    )
    return len(found) < len(named)


async def _register(asked: Asked) -> tuple[str, str]:
    form, key = asked.form, vault.current()
    rate = _percent(form, "ratePercent")
    employer_no = await contributions.register_employer(
        actor=PLATFORM,
        wanted=Registration(
            name=key.decrypt(asked.row["name_cipher"]),
            uscc=key.decrypt(asked.row["document_cipher"]),
            kind=text_of(form, "kind", "单位性质"),
            office_code=text_of(form, "officeCode", "管理部"),
            pay_day=_number(form, "payDay", "发薪日"),
            first_month=_month(form, "firstMonth", "首次汇缴年月"),
            employer_rate_bp=rate,
            employee_rate_bp=rate,
            address=form.get("address", ""),
            postcode=form.get("postcode", ""),
            phone=form.get("phone", ""),
            email=form.get("email", ""),
            legal_name=text_of(form, "legalName", "法定代表人姓名"),
            legal_document_no=text_of(form, "legalCertNo", "法定代表人证件号码"),
            source=CHANNEL,
        ),
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )
    return "employer", str(employer_no)


async def _information(asked: Asked) -> tuple[str, str]:
    actor = await agent_of(row=asked.row, on=asked.business_date)
    assert actor.employer_no is not None
    changes = {ours: asked.form[theirs] for theirs, ours in _INFORMATION.items() if asked.form.get(theirs, "").strip()}
    if not changes:
        raise Refused(FIELD_MISSING(field="变更内容"))
    return "matter", await contributions.change_information(
        actor=actor,
        employer_no=actor.employer_no,
        changes=changes,
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )


async def _rate(asked: Asked) -> tuple[str, str]:
    if asked.form.get("kind", "change") == "reduction":
        return await _term(asked, kind="rate_reduction", rate_bp=_percent(asked.form, "ratePercent"))
    actor = await agent_of(row=asked.row, on=asked.business_date)
    assert actor.employer_no is not None
    return "matter", await contributions.change_rate(
        actor=actor,
        employer_no=actor.employer_no,
        rate_bp=_percent(asked.form, "ratePercent"),
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )


async def _deferral(asked: Asked) -> tuple[str, str]:
    if asked.form.get("kind", "deferral") == "deferral":
        return await _term(asked, kind="deferral", rate_bp=None)
    actor = await agent_of(row=asked.row, on=asked.business_date)
    assert actor.employer_no is not None
    return "matter", await contributions.resume(
        actor=actor,
        employer_no=actor.employer_no,
        from_month=_month(asked.form, "fromMonth", "恢复年月"),
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )


async def _term(asked: Asked, *, kind: str, rate_bp: int | None) -> tuple[str, str]:
    actor = await agent_of(row=asked.row, on=asked.business_date)
    assert actor.employer_no is not None
    return "matter", await contributions.apply_for_term(
        actor=actor,
        employer_no=actor.employer_no,
        kind=kind,
        from_month=_month(asked.form, "fromMonth", "开始年月"),
        until_month=_month(asked.form, "untilMonth", "结束年月"),
        rate_bp=rate_bp,
        documents=await _documents(asked),
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )


async def _certificate(asked: Asked) -> tuple[str, str]:
    actor = await agent_of(row=asked.row, on=asked.business_date)
    assert actor.employer_no is not None
    return "matter", await contributions.apply_for_certificate(
        actor=actor,
        employer_no=actor.employer_no,
        kind=text_of(asked.form, "kind", "证明类型"),
        start=_month(asked.form, "fromMonth", "开始年月"),
        until=_month(asked.form, "untilMonth", "结束年月"),
        purpose=text_of(asked.form, "purpose", "用途"),
        documents=await _documents(asked),
        request_key=asked.request_key,
        now=asked.now,
        business_date=asked.business_date,
    )


OPENED_AS: Mapping[str, Open] = {
    "employer_registration": _register,
    "employer_information_change": _information,
    "contribution_rate_change": _rate,
    "deferral_and_resumption": _deferral,
    "compliance_certificate": _certificate,
}


async def employer_of(*, row: Record) -> int:
    """Its number here. Raises Refused for one that is not ours or bears another name."""
    key = vault.current()
    employer_no = await contributions.employer_of_uscc(uscc=key.decrypt(row["document_cipher"]))
    if employer_no is None:
        raise Refused(EMPLOYER_UNKNOWN())
    standing = await contributions.standing_of(employer_no=employer_no)
    if standing.name != key.decrypt(row["name_cipher"]).strip():
        raise Refused(EMPLOYER_UNKNOWN())
    return employer_no


async def _documents(asked: Asked) -> list[GivenDocument]:
    kinds = {asked.form[field].strip(): kind for field, kind in FILES.items() if asked.form.get(field, "").strip()}
    rows = await database.rows(
        "SELECT file_no, name, content_cipher FROM city_application_file WHERE application_id = $1 ORDER BY file_no",
        asked.row["application_id"],
    )
    key = vault.current()
    return [
        GivenDocument(
            kind=kinds.get(one["file_no"], "other"), name=one["name"], content=key.decrypt_file(one["content_cipher"])
        )
        for one in rows
    ]


def text_of(form: Mapping[str, str], name: str, title: str) -> str:
    """Raises Refused."""
    found = form.get(name, "").strip()
    if not found:
        raise Refused(FIELD_MISSING(field=title))
    return found


def _month(form: Mapping[str, str], name: str, title: str) -> YearMonth:
    try:
        return YearMonth.parse(text_of(form, name, title))
    except ValueError:
        raise Refused(FIELD_MISSING(field=title)) from None


def _number(form: Mapping[str, str], name: str, title: str) -> int:
    found = text_of(form, name, title)
    if not (found.isascii() and found.isdigit() and len(found) <= 4):
        raise Refused(FIELD_MISSING(field=title))
    return int(found)


def _percent(form: Mapping[str, str], name: str) -> int:
    """In basis points."""
    found = text_of(form, name, "缴存比例")
    if _PERCENT.fullmatch(found) is None:
        raise Refused(FIELD_MISSING(field="缴存比例"))
    return int(Decimal(found) * 100)
