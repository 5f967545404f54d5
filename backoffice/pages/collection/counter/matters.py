"""单位开户变更, 缴款方式管理, 调整汇缴月份."""

from __future__ import annotations

from typing import Any

from backoffice.desk import Desk
from backoffice.pages.collection.counter.declared import Counter, CounterForm, Facts, Field
from backoffice.pages.collection.shared import digits, month_field
from domain import contributions
from domain.contributions import CollectionAccount

_ENTRUSTED = "entrusted_collection"


def where(desk: Desk, counter: Counter) -> dict[str, Any]:
    return {
        "actor": desk.actor,
        "employer_no": counter.employer.employer_no,
        "request_key": desk.form.get("request_key", ""),
        "now": desk.now,
    }


def dated(desk: Desk, counter: Counter) -> dict[str, Any]:
    return {**where(desk, counter), "business_date": desk.business_date}


async def _opening(desk: Desk, counter: Counter) -> object:
    return await contributions.change_opening(**dated(desk, counter), changes=desk.form)


async def _method(desk: Desk, counter: Counter) -> object:
    """委托收款 with an account is opened with it, else the method is only changed."""
    form, method = desk.form, desk.form.get("method", "")
    if method != _ENTRUSTED or not form.get("account_no", "").strip():
        return await contributions.change_payment_method(**dated(desk, counter), method=method)
    account = CollectionAccount(
        bank_code=form.get("bank_code", ""),
        account_no=form.get("account_no", "").strip(),
        account_name=form.get("account_name", "").strip(),
        day=digits(form.get("collection_day", "")) or 0,
    )
    return await contributions.open_entrusted_collection(
        **dated(desk, counter), account=account, notice_version=form.get("notice_version", "")
    )


async def _shift(desk: Desk, counter: Counter) -> Facts:
    shift = await contributions.preview_month(
        actor=desk.actor,
        employer_no=counter.employer.employer_no,
        month=month_field(desk, "month"),
        business_date=desk.business_date,
    )
    return (
        ("下次应缴", f"由{shift.before}调整为{shift.after}"),
        ("不再要求汇缴的月份", "、".join(map(str, shift.skipped)) or "无"),
        (f"{shift.after}应缴", f"{shift.people}人，{shift.monthly.yuan_text}"),
    )


async def _month(desk: Desk, counter: Counter) -> object:
    return await contributions.adjust_month(
        **dated(desk, counter), month=month_field(desk, "month"), reason=desk.form.get("reason", "")
    )


FORMS = (
    CounterForm(
        function="employer.change_account",
        fields=(
            Field(name="legal_name", label="法定代表人姓名", hint="不变更的项目不填", most=60),
            Field(name="legal_document_no", label="法定代表人身份证号码", most=18),
            Field(name="established_on", label="成立日期", placeholder="2018-07-01", most=10),
        ),
        effect="登记新的开户资料；原法定代表人以该身份取得的办理权限同时终止，须由新法定代表人重新登录。",
        done="已变更开户资料，历史见单位页面。",
        carry=_opening,
    ),
    CounterForm(
        function="employer.payment_method",
        fields=(
            Field(
                name="method",
                label="缴款方式",
                kind="pick",
                options=lambda counter: contributions.METHOD_NAMES,
                value=lambda counter: counter.employer.payment_method,
            ),
            Field(name="bank_code", label="扣款银行", kind="pick", options=lambda counter: counter.banks),
            Field(name="account_no", label="扣款账号", hint="开通或更换委托收款账户时填写", most=32),
            Field(name="account_name", label="扣款账户户名", value=lambda counter: counter.employer.name),
            Field(name="collection_day", label="扣款日（1至28）", most=2),
            Field(
                name="notice_version",
                label=contributions.NOTICE_TITLE,
                kind="pick",
                options=lambda counter: {contributions.NOTICE_VERSION: "当事人已阅读并同意"},
                long=True,
            ),
        ),
        effect="以后生成的汇缴书按新方式缴款；已生成的不变，可在各“单位缴款”功能中逐份更换。",
        done="已变更缴款方式。",
        carry=_method,
    ),
    CounterForm(
        function="employer.adjust_month",
        fields=(
            Field(name="month", label="调整为", placeholder="2026-12", most=7),
            Field(name="reason", label="原因", long=True),
        ),
        effect="下次从调整后的月份开始汇缴。只能越过没有职工应缴存的月份；有职工应缴存的月份须先汇缴或补缴。",
        done="已调整汇缴月份。",
        carry=_month,
        preview=_shift,
    ),
)
