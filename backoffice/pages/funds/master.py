"""资料维护 (D24): banks, special accounts, union bank numbers, centre codes and dated rates, each by two persons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from backoffice.components import Pager, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import text
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import CLAIM_STALE, NOT_CONFIRMED, RATE_MALFORMED
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    Intent,
    Trouble,
    choice_field,
    confirmation,
    decision_of,
    funds_of,
    is_confirmed,
    on,
    path_number,
    reason_field,
    refuse,
    short_field,
    show,
    window,
)
from backoffice.refusals import PAGE_NOT_FOUND
from domain import settlement
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import MasterChange

HOME = f"{PATH}/master"
PAGE = f"{HOME}/{{subject}}"
LABELS = {
    "name": "名称",
    "fund_account_no": "专户账号",
    "active": "启用状态",
    "bank_code": "银行代码",
    "account_set": "账套",
    "kind": "账户类型",
    "subject": "科目",
    "number": "账号",
    "office_code": "管理部",
    "state": "状态",
    "opened_on": "开户日期",
    "closed_on": "销户日期",
    "region_code": "行政区划",
    "rate_ppm": "年利率（%）",
    "source": "依据",
}
KEY_LABELS = {
    "entrusted_bank": "银行代码",
    "bank_account": "专户编号",
    "union_bank": "联行号",
    "centre_code": "中心代码",
    "bank_rate": "银行代码/品种/生效日期",
}
STATE_NAMES = {"proposed": "待复核", "approved": "已生效", "rejected": "已退回"}
_DONE = {
    "proposed": "变更已提交，等待其他人员复核；复核同意后生效。",
    "approved": "已复核同意，变更生效。",
    "rejected": "已退回变更申请，资料未变动。",
}
_FLAGS = {"yes": "启用", "no": "停用"}
_PERCENT = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,4}))?")
_PPM_A_PERCENT = 10_000
Entry = tuple[str, dict[str, Any]]


async def home(desk: Desk) -> Response:
    return redirect(f"{HOME}/bank_account")


def _subject(desk: Desk) -> str:
    code: str = desk.request.path_params["subject"]
    if code not in settlement.MASTER_SUBJECTS:
        raise Refused(PAGE_NOT_FOUND)
    return code


async def shown(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, trouble: Trouble = CALM, compared: int | None = None) -> Response:
    subject = _subject(desk)
    search = text(desk.query, "search") or ""
    key = text(desk.query, "key") or ""
    entries = await settlement.master_entries(actor=desk.actor, subject=subject)
    rows = _matching(entries, search)
    query = {"search": search} if search else {}
    pager = Pager.read(path=f"{HOME}/{subject}", query=query, pages=desk.query.get("pages"))
    page = window(rows, after=pager.after, key=lambda one: [one[0]], shape=(str,))
    pending = await settlement.master_changes(actor=desk.actor, subject=subject, state="proposed")
    history = await settlement.master_changes(actor=desk.actor, subject=subject, key=key or None)
    choices = await _choices(subject)
    return show(
        desk,
        "funds_master.html",
        trouble=trouble,
        subject=subject,
        subjects={code: kind.name for code, kind in settlement.MASTER_SUBJECTS.items()},
        key_label=KEY_LABELS[subject],
        fields=_fields(subject),
        labels=LABELS,
        word=word,
        search=search,
        key=key,
        standing=dict(entries).get(key, {}),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        pending=[(one, changed(one, choices)) for one in pending],
        history=[(one, changed(one, choices)) for one in history if one.state != "proposed"][:30],
        states=STATE_NAMES,
        choices=choices,
        products={code: one.name for code, one in settlement.PRODUCTS.items()},
        compared=compared,
        here=f"{HOME}/{subject}",
        export_to=with_query(f"{HOME}/{subject}/export", **query),
        notice=_DONE.get(desk.query.get("done", "")),
    )


def _matching(entries: list[Entry], search: str) -> list[Entry]:
    found = [
        (key, fields)
        for key, fields in entries
        if search in key or any(search in str(value) for value in fields.values())
    ]
    return sorted(found, key=lambda one: one[0])


def _fields(subject: str) -> list[str]:
    """The fields of a list in the order of the labels."""
    return [name for name in LABELS if name in settlement.MASTER_SUBJECTS[subject].fields]


async def _choices(subject: str) -> dict[str, dict[str, str]]:
    """What selects offer; other fields are typed."""
    offered: dict[str, dict[str, str]] = {"active": _FLAGS}
    if subject == "bank_account":
        offered |= {
            "account_set": await names.account_sets(),
            "kind": dict(settlement.ACCOUNT_KIND_NAMES),
            "office_code": await names.offices(),
            "state": {"open": "正常", "closed": "销户"},
        }
    return offered


def word(name: str, value: object) -> str:
    """A field's value for people."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "启用" if value else "停用"
    if name == "rate_ppm" and isinstance(value, int):
        return f"{value // _PPM_A_PERCENT}.{value % _PPM_A_PERCENT:04d}"
    if name == "kind":
        return settlement.ACCOUNT_KIND_NAMES.get(str(value), str(value))
    return {"open": "正常", "closed": "销户"}.get(str(value), str(value)) if name == "state" else str(value)


def changed(one: MasterChange, choices: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Label, before and after of each field that differs."""
    before = one.before or {}

    def told(name: str, value: object) -> str:
        return choices.get(name, {}).get(value) or word(name, value) if isinstance(value, str) else word(name, value)

    return [
        (LABELS.get(name, name), told(name, before.get(name)), told(name, value))
        for name, value in sorted(one.after.items(), key=lambda pair: list(LABELS).index(pair[0]))
        if before.get(name) != value or one.before is None
    ]


async def propose(desk: Desk) -> Response:
    subject = _subject(desk)
    try:
        key, values, reason = _given(desk.form, subject)
        if not is_confirmed(desk):
            choices = await _choices(subject)
            return confirmation(desk, _intent(subject, key, values, reason, choices))
        await settlement.propose_master_change(
            actor=desk.actor,
            subject=subject,
            key=key,
            values=values,
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, "propose", refused))
    return redirect(f"{HOME}/{subject}?done=proposed")


def _given(form: Mapping[str, str], subject: str) -> tuple[str, dict[str, object], str]:
    """Key, values and reason as typed. Raises Refused for what cannot be read; the domain judges the rest."""
    problems: list[Refusal] = []
    if subject == "bank_rate":
        parts = [short_field(form, name, problems) or "" for name in ("bank_code", "product", "effective_from")]
        key = "/".join(parts)
    else:
        key = short_field(form, "key", problems) or ""
    values: dict[str, object] = {}
    for name in _fields(subject):
        given = short_field(form, name, problems)
        if name == "active":
            values[name] = choice_field(form, name, _FLAGS, problems) == "yes"
        elif name == "rate_ppm":
            values[name] = _ppm(given, problems)
        else:
            values[name] = given if given is not None or name == "closed_on" else ""
    reason = reason_field(form, "reason", problems)
    refuse(problems)
    return key, values, reason


def _ppm(given: str | None, problems: list[Refusal]) -> int:
    """`1.55` percent → 15500; whole parts of a million, nothing rounded."""
    found = _PERCENT.fullmatch(given or "")
    if found is None:
        problems.append(on(RATE_MALFORMED, "rate_ppm"))
        return 0
    return int(found[1]) * _PPM_A_PERCENT + int((found[2] or "").ljust(4, "0"))


def _intent(
    subject: str, key: str, values: dict[str, object], reason: str, choices: Mapping[str, Mapping[str, str]]
) -> Intent:
    facts = [(KEY_LABELS[subject], key)]
    facts += [
        (LABELS[name], choices.get(name, {}).get(str(value)) or word(name, value)) for name, value in values.items()
    ]
    facts.append(("原因", reason or "—"))
    return Intent(
        title=f"{settlement.MASTER_SUBJECTS[subject].name}变更",
        facts=facts,
        effect="变更等待其他人员复核；复核同意后生效（利率自生效日期起）。不涉及资金。",
        back=f"{HOME}/{subject}",
    )


async def decide(desk: Desk) -> Response:
    subject, change_id = _subject(desk), path_number(desk, "change_id")
    try:
        approve, note = decision_of(desk.form)
        if not is_confirmed(desk):
            waiting = await settlement.master_changes(actor=desk.actor, subject=subject, state="proposed")
            one = next((found for found in waiting if found.change_id == change_id), None)
            if one is None:
                raise Refused(CLAIM_STALE)
            choices = await _choices(subject)
            return confirmation(desk, _decide_intent(one, choices, approve=approve, note=note))
        await settlement.decide_master_change(
            actor=desk.actor,
            change_id=change_id,
            approve=approve,
            note=note,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, f"decide-{change_id}", refused))
    return redirect(f"{HOME}/{subject}?done={'approved' if approve else 'rejected'}")


def _decide_intent(one: MasterChange, choices: Mapping[str, Mapping[str, str]], *, approve: bool, note: str) -> Intent:
    facts = [(KEY_LABELS[one.subject], one.key)]
    facts += [(label, f"{before} → {after}") for label, before, after in changed(one, choices)]
    facts += [
        ("经办", f"{one.proposed_by_name}：{one.reason}"),
        ("结论", "同意" if approve else "退回"),
        ("复核意见", note or "—"),
    ]
    return Intent(
        title=f"复核{one.subject_name}变更",
        facts=facts,
        effect="变更生效。" if approve else "退回申请，资料不变。",
        back=f"{HOME}/{one.subject}",
    )


async def compare(desk: Desk) -> Response:
    """Asks a bank for its union bank numbers and proposes each difference."""
    _subject(desk)
    try:
        problems: list[Refusal] = []
        accounts = await settlement.bank_accounts()
        bank = choice_field(desk.form, "bank", {one.bank_code for one in accounts}, problems)
        if not is_confirmed(desk):
            problems.append(NOT_CONFIRMED)
        refuse(problems)
        proposed = await settlement.propose_union_banks(
            actor=desk.actor,
            bank_code=bank,
            gateway=funds_of(desk),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, "compare", refused))
    return await _page(desk, compared=proposed)


async def export(desk: Desk) -> Response:
    subject = _subject(desk)
    search = text(desk.query, "search") or ""
    rows = _matching(await settlement.master_entries(actor=desk.actor, subject=subject), search)
    fields = _fields(subject)

    async def lines(page: Page[Entry]) -> list[Cells]:
        return [(key, *(word(name, values.get(name)) for name in fields)) for key, values in page.items]

    name = settlement.MASTER_SUBJECTS[subject].name
    sheet = Sheet(
        action="master.exported",
        subject=f"master:{subject}",
        title=name,
        file_name=subject,
        headings=(KEY_LABELS[subject], *(LABELS[field] for field in fields)),
    )
    filters = {"search": search} if search else {}
    return await export_list(desk=desk, sheet=sheet, filters=filters, fetch=at_once(rows), lines=lines)


PAGES = (
    DeskPage(HOME, READ, home),
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/export", EXPORT, export, "POST"),
    DeskPage(f"{PAGE}/propose", OPERATE, propose, "POST"),
    DeskPage(f"{PAGE}/compare", OPERATE, compare, "POST"),
    DeskPage(f"{PAGE}/changes/{{change_id}}", OPERATE, decide, "POST"),
)
