"""单位信息: what an employer's agent changes by itself or applies for: contact, rates, terms, ways to pay, closure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import Response

from channels.employer_portal import forms
from channels.employer_portal.visiting import Visit, month_of, page, sent, to
from domain import contributions
from domain.contributions import CollectionAccount, GivenDocument
from domain.contributions.refusals import RATE_STEP
from domain.kernel.refusal import Refusal, Refused

CONTACT = {"address": "单位地址", "postcode": "邮政编码", "phone": "联系电话", "email": "电子信箱", "pay_day": "发薪日"}


async def settings_page(
    visit: Visit, *, problems: tuple[Refusal, ...] = (), typed: dict[str, str] | None = None
) -> Response:
    where: dict[str, Any] = {"actor": visit.actor, "employer_no": visit.employer_no}
    standing = await contributions.standing_of(employer_no=visit.employer_no)
    information = await contributions.information_of(**where)
    return page(
        "settings.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        typed=typed or {},
        employer=standing,
        state_name=contributions.EMPLOYER_STATE_NAMES[standing.state],
        kind_name=contributions.EMPLOYER_KIND_NAMES[standing.kind],
        rates=standing.rates_on(standing.next_due),
        information=information,
        contact=CONTACT,
        methods=contributions.METHOD_NAMES,
        banks=await contributions.collection_banks(),
        notice=contributions.NOTICE,
        notice_title=contributions.NOTICE_TITLE,
        notice_version=contributions.NOTICE_VERSION,
        closing_papers={
            kind: name for kind, name in contributions.DOCUMENT_KINDS.items() if kind in contributions.CLOSURE_KINDS
        },
        matters=await contributions.matters_of(**where),
        done=visit.request.query_params.get("done") == "yes",
    )


async def act(visit: Visit) -> Response:
    given = await sent(visit)
    try:
        await _act(visit, given)
    except Refused as refused:
        return await settings_page(visit, problems=refused.refusals, typed=given.fields)
    return to("/settings?done=yes")


async def _act(visit: Visit, given: forms.Sent) -> None:
    fields = given.fields
    where: dict[str, Any] = {
        "actor": visit.actor,
        "employer_no": visit.employer_no,
        "request_key": fields.get("request_key", ""),
        "now": visit.now,
        "business_date": visit.business_date,
    }
    match fields.get("act"):
        case "information":
            changes = {name: fields[name] for name in CONTACT if name in fields}
            await contributions.change_information(**where, changes=changes)
        case "rate":
            await contributions.change_rate(**where, rate_bp=percent_points(fields.get("rate", "")))
        case "deferral" | "rate_reduction" as kind:
            await contributions.apply_for_term(
                **where,
                kind=kind,
                from_month=month_of(fields.get("from_month")),
                until_month=month_of(fields.get("until_month")),
                rate_bp=percent_points(fields.get("rate", "")) if kind == "rate_reduction" else None,
                documents=_documents(given, "union_resolution"),
            )
        case "resume":
            await contributions.resume(**where, from_month=month_of(fields.get("from_month")))
        case "method":
            await contributions.change_payment_method(**where, method=fields.get("method", ""))
        case "collection":
            await contributions.open_entrusted_collection(
                **where,
                account=CollectionAccount(
                    bank_code=fields.get("bank_code", ""),
                    account_no=fields.get("account_no", ""),
                    account_name=fields.get("account_name", ""),
                    day=int(day) if (day := fields.get("day", "")).isascii() and day.isdigit() else 0,
                ),
                # the notice's version goes along only with the box that says that it was read
                notice_version=fields.get("notice_version", "") if fields.get("agreed") == "yes" else "",
            )
        case "closure":
            await contributions.apply_for_closure(
                **where,
                reason=fields.get("reason", ""),
                documents=_documents(given, fields.get("paper_kind", "")),
            )
        case "withdraw":
            del where["business_date"]
            await contributions.withdraw_matter(
                **where, matter_no=fields.get("matter_no", ""), reason=fields.get("reason", "")
            )
        case _:
            raise Refused(contributions.FORM_STALE())


def _documents(given: forms.Sent, kind: str) -> list[GivenDocument]:
    return [GivenDocument(kind=kind, name=given.file_name, content=given.content)] if given.content else []


def percent_points(percent: str) -> int:
    """`12` or `12%` as basis points. Raises Refused."""
    try:
        points = Decimal(percent.strip().rstrip("%％")) * 100
        if points != points.to_integral_value() or not 0 <= points <= 10_000:
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        raise Refused(RATE_STEP(step="1%")) from None
    return int(points)


DOORS = (
    ("/settings", settings_page, "GET"),
    ("/settings", act, "POST"),
)
