"""单位: registered at the counter, and what is changed of one: information, status, terms, closure, with history."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice import counter_faces
from backoffice.desk import OTHER_OFFICE, Desk, DeskPage, redirect
from backoffice.forms import day_field
from backoffice.pages.collection.shared import (
    FILE_BYTES_MAX,
    OPERATE,
    PATH,
    READ,
    digits,
    employer_asked,
    month_field,
    number_field,
    percent_field,
    show,
)
from backoffice.pages.funds.shared import CALM, Trouble, refuse
from backoffice.pages.sms.messages import TONES
from backoffice.pages.sms.shared import code_name
from domain import contributions
from domain.contributions import GivenDocument, Registration
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused
from notifications import desk as sms

HERE = f"{PATH}/employers"
REMINDED = "collection.reminded"
"""The template of 催缴短信."""
_NOTICES = {
    "registered": "已登记开户。",
    "reminded": "已登记催缴记录。",
    "texted": "催缴短信已发出，送达情况见催缴记录。",
    "changed": "已变更，历史见下方。",
    "applied": "已受理，请在“待办”中审核。",
}
FIELDS = {
    "name": "单位名称",
    "kind": "单位性质",
    "office_code": "管理部",
    "economic_type": "经济类型",
    "industry": "所属行业",
    "address": "单位地址",
    "postcode": "邮政编码",
    "phone": "联系电话",
    "email": "电子信箱",
    "pay_day": "发薪日",
    "state": "账户状态",
    "payment_method": "缴款方式",
}
_TURNS = {"05": "封存", "01": "启封", "reopen": "恢复开户"}


async def employers(desk: Desk) -> Response:
    return await _page(desk)


async def find(desk: Desk) -> Response:
    """By the unified social credit code."""
    number = await contributions.employer_of_code(uscc=desk.query.get("uscc", "").strip().upper())
    return redirect(f"{HERE}?employer_no={number or '0'}")


async def _page(desk: Desk, trouble: Trouble = CALM) -> Response:
    employer, found = await employer_asked(desk)
    where: dict[str, Any] = {"actor": desk.actor, "employer_no": employer.employer_no if employer else 0}
    reminders = await contributions.reminders_of(**where) if employer else []
    return show(
        desk,
        "collection_employers.html",
        trouble=trouble if trouble is not CALM else found,
        employer=employer,
        information=await contributions.information_of(**where) if employer else None,
        changes=await contributions.changes_of_employer(**where) if employer else [],
        matters=await contributions.matters_of(**where) if employer else [],
        reminders=reminders,
        deliveries=await sms.deliveries(
            account_no=where["employer_no"],
            event_ids=[text.event_id for one in reminders for text in one.texts if text.event_id],
            template=REMINDED,
        ),
        tones=TONES,
        code_name=code_name,
        ahead=await contributions.reminder_ahead(**where, now=desk.now, business_date=desk.business_date)
        if employer and employer.state != "04" and desk.may(OPERATE)
        else None,
        means=contributions.REMINDER_MEANS,
        fields=FIELDS,
        kinds={code: name for code, name in contributions.EMPLOYER_KIND_NAMES.items() if code != "pool"},
        offices=dict(await contributions.offices()),
        states=contributions.EMPLOYER_STATE_NAMES,
        turns=_TURNS,
        methods=contributions.METHOD_NAMES,
        closing_papers={kind: contributions.DOCUMENT_KINDS[kind] for kind in contributions.CLOSURE_KINDS},
        month=YearMonth.of(desk.business_date),
        faces=await counter_faces.standing(
            actor=desk.actor, prefix=HERE, matter_field="employer_no", matter=str(employer.employer_no), now=desk.now
        )
        if employer
        else [],
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def register(desk: Desk) -> Response:
    form = desk.form
    try:
        rate = percent_field(desk, "rate")
        employer_no = await contributions.register_employer(
            actor=desk.actor,
            wanted=Registration(
                name=form.get("name", ""),
                uscc=form.get("uscc", "").strip().upper(),
                kind=form.get("kind", ""),
                office_code=form.get("office_code", ""),
                pay_day=digits(form.get("pay_day", "")) or 0,
                first_month=month_field(desk, "first_month"),
                employer_rate_bp=rate,
                employee_rate_bp=rate,
                address=form.get("address", ""),
                phone=form.get("phone", ""),
                legal_name=form.get("legal_name", ""),
                source="counter",
            ),
            request_key=form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "register", refused)
    return redirect(f"{HERE}?employer_no={employer_no}&done=registered")


async def change(desk: Desk) -> Response:
    changes = {name: desk.form[name] for name in FIELDS if name in desk.form}
    try:
        await contributions.change_information(**_where(desk), changes=changes)
    except Refused as refused:
        return await _again(desk, "change", refused)
    return _back(desk, "changed")


async def turn(desk: Desk) -> Response:
    """单位封存 and 启封 (R01.6); 恢复开户 of one that is closed."""
    try:
        if desk.form.get("state") == "reopen":
            await contributions.reopen_employer(**_where(desk), reason=desk.form.get("reason", ""))
            return _back(desk, "changed")
        await contributions.change_state(
            **_where(desk), state=desk.form.get("state", ""), reason=desk.form.get("reason", "")
        )
    except Refused as refused:
        return await _again(desk, "turn", refused)
    return _back(desk, "changed")


async def agree(desk: Desk) -> Response:
    """缓缴, 降低比例 and 复缴 brought to the counter."""
    kind = desk.form.get("kind", "")
    try:
        if kind == "resume":
            await contributions.resume(**_where(desk), from_month=month_field(desk, "from_month"))
            return _back(desk, "changed")
        await contributions.apply_for_term(
            **_where(desk),
            kind="rate_reduction" if kind == "rate_reduction" else "deferral",
            from_month=month_field(desk, "from_month"),
            until_month=month_field(desk, "until_month"),
            rate_bp=percent_field(desk, "rate") if kind == "rate_reduction" else None,
            documents=_documents(desk, "union_resolution"),
        )
    except Refused as refused:
        return await _again(desk, "agree", refused)
    return _back(desk, "applied")


async def close(desk: Desk) -> Response:
    try:
        await contributions.apply_for_closure(
            **_where(desk),
            reason=desk.form.get("reason", ""),
            documents=_documents(desk, desk.form.get("paper_kind", "")),
        )
    except Refused as refused:
        return await _again(desk, "close", refused)
    return _back(desk, "applied")


async def remind(desk: Desk) -> Response:
    """催缴记录 (D17)."""
    problems: list[Refusal] = []
    promised = day_field(desk.form, "promised_on", problems)
    try:
        refuse(problems)
        await contributions.record_reminder(
            actor=desk.actor,
            employer_no=number_field(desk, "employer_no"),
            means=desk.form.get("means", ""),
            contact=desk.form.get("contact", ""),
            about=desk.form.get("about", ""),
            said=desk.form.get("said", ""),
            promised_on=promised,
            happened_at=desk.now,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _again(desk, "remind", refused)
    return _back(desk, "reminded")


async def text(desk: Desk) -> Response:
    """催缴短信 (D17)."""
    try:
        await contributions.text_reminder(**_where(desk))
    except Refused as refused:
        return await _again(desk, "text", refused)
    return _back(desk, "texted")


def _documents(desk: Desk, kind: str) -> list[GivenDocument]:
    return [GivenDocument(kind=kind, name=desk.file.name, content=desk.file.content)] if desk.file else []


def _where(desk: Desk) -> dict[str, Any]:
    return {
        "actor": desk.actor,
        "employer_no": number_field(desk, "employer_no"),
        "request_key": desk.form.get("request_key", ""),
        "now": desk.now,
        "business_date": desk.business_date,
    }


def _back(desk: Desk, done: str) -> Response:
    return redirect(f"{HERE}?employer_no={number_field(desk, 'employer_no')}&done={done}")


async def _again(desk: Desk, form: str, refused: Refused) -> Response:
    if any(one.code == NOT_PERMITTED.code or one.code in OTHER_OFFICE for one in refused.refusals):
        raise refused
    return await _page(desk, Trouble.of(desk, form, refused))


PAGES = (
    DeskPage(HERE, READ, employers),
    DeskPage(f"{HERE}/find", READ, find),
    DeskPage(f"{HERE}/register", OPERATE, register, "POST"),
    DeskPage(f"{HERE}/change", OPERATE, change, "POST"),
    DeskPage(f"{HERE}/turn", OPERATE, turn, "POST"),
    DeskPage(f"{HERE}/agree", OPERATE, agree, "POST", FILE_BYTES_MAX),
    DeskPage(f"{HERE}/remind", OPERATE, remind, "POST"),
    DeskPage(f"{HERE}/text", OPERATE, text, "POST"),
    DeskPage(f"{HERE}/close", OPERATE, close, "POST", FILE_BYTES_MAX),
)
