"""单位补缴, 单位跨年清册, 调整缴存额: lists that are filled in at the counter and submitted with their effect shown."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.components import with_query
from backoffice.desk import Desk, redirect
from backoffice.pages.collection.counter.declared import HERE, Carry, Counter, CounterForm, Facts, Field
from backoffice.pages.collection.counter.matters import dated, where
from backoffice.pages.collection.counter.payments import back_payment_method
from backoffice.pages.funds.refusals import CHOICE_MISSING
from backoffice.pages.funds.shared import on
from backoffice.refusals import FORM_MALFORMED, REGISTRIES_NOT_CONNECTED
from domain import contributions
from domain.contributions import LIST_FIELDS
from domain.kernel.refusal import Refused

ROWS_SHOWN = 50
_ALL_OR_GOOD = {"": "全部通过才提交", "yes": "只提交通过的行"}


async def comes_to(desk: Desk, counter: Counter) -> Facts:
    effect = await contributions.effect_of_list(
        actor=desk.actor, employer_no=counter.employer.employer_no, list_no=desk.form.get("list_no", "")
    )
    facts = [("清册", desk.form.get("list_no", ""))]
    if effect.payable is not None:
        return [*facts, ("补缴合计", effect.payable.yuan_text), ("月缴存额", "不变")]
    changes = f"增{effect.came}、减{effect.went}、变更{effect.changed}"
    return [
        *facts,
        ("职工", f"{effect.people_before}人变为{effect.people_after}人（{changes}）"),
        ("月缴存额", f"{effect.monthly_before.yuan_text}变为{effect.monthly_after.yuan_text}"),
    ]


def _submitting(kind: str) -> Carry:
    async def submit(desk: Desk, counter: Counter) -> object:
        return await contributions.submit_list(**_list(desk, counter, kind))

    return submit


async def _draw(desk: Desk, counter: Counter) -> object:
    return await contributions.draw_back_payment(
        **_list(desk, counter, "back_payment"),
        method=desk.form.get("method") or None,
        detail=desk.form.get("detail", "").strip(),
    )


def _list(desk: Desk, counter: Counter, kind: str) -> dict[str, Any]:
    """A list of another kind is another function's, which asks for a face of its own."""
    if any(one.list_no == desk.form.get("list_no", "") and one.kind != kind for one in counter.lists):
        raise Refused(on(CHOICE_MISSING, "list_no"))
    accepted_only = desk.form.get("accepted_only") == "yes"
    return {**dated(desk, counter), "list_no": desk.form.get("list_no", ""), "accepted_only": accepted_only}


async def take_file(desk: Desk, counter: Counter, form: CounterForm) -> Response:
    opened = await contributions.receive_list_file(
        **dated(desk, counter),
        kind=form.list_kind,
        month=counter.month_of_list(form.list_kind),
        file_name=desk.file.name if desk.file else "",
        content=desk.file.content if desk.file else b"",
    )
    return back(counter, form, done="filled", list_no=opened.list_no)


async def take_row(desk: Desk, counter: Counter, form: CounterForm) -> Response:
    if desk.services.person_registries is None:
        raise Refused(REGISTRIES_NOT_CONNECTED)
    opened, _ = await contributions.add_rows(
        **dated(desk, counter),
        kind=form.list_kind,
        month=counter.month_of_list(form.list_kind),
        rows=[{name: desk.form.get(name, "") for name in LIST_FIELDS[form.list_kind]}],
        registries=desk.services.person_registries,
    )
    return back(counter, form, done="filled", list_no=opened.list_no)


async def take_out(desk: Desk, counter: Counter, form: CounterForm) -> Response:
    row_no = desk.form.get("row_no", "")
    if not (row_no.isascii() and row_no.isdigit() and len(row_no) <= 7):
        raise Refused(FORM_MALFORMED)
    opened = await contributions.remove_row(
        **where(desk, counter), list_no=desk.form.get("list_no", ""), row_no=int(row_no)
    )
    return back(counter, form, done="filled", list_no=opened.list_no)


def back(counter: Counter, form: CounterForm, *, done: str, list_no: str = "") -> Response:
    number = counter.employer.employer_no
    return redirect(with_query(HERE, employer_no=number, function=form.function, list_no=list_no, done=done))


def _fields(kind: str, *more: Field) -> tuple[Field, ...]:
    return (
        Field(name="list_no", label="清册", kind="pick", options=lambda counter: counter.ready(kind), long=True),
        Field(name="accepted_only", label="有未通过的行时", kind="pick", options=lambda counter: _ALL_OR_GOOD),
        *more,
    )


FORMS = (
    CounterForm(
        function="employer.back_payment",
        fields=_fields(
            "back_payment",
            back_payment_method(),
            Field(name="detail", label="支票号码", hint="支票缴款时填写", most=20),
        ),
        effect="按清册生成补缴书，并按缴款方式开始收款；到账后按月补记到职工账户。",
        done="已生成补缴书，见下方待缴汇缴书。",
        carry=_draw,
        preview=comes_to,
        list_kind="back_payment",
    ),
    CounterForm(
        function="employer.annual_roster",
        fields=_fields("annual_base"),
        effect="自7月起按新基数计算月缴存额。",
        done="已提交，系统正在逐人办理。",
        carry=_submitting("annual_base"),
        preview=comes_to,
        list_kind="annual_base",
    ),
    CounterForm(
        function="employer.adjust_amount",
        fields=_fields("change"),
        effect="自清册月份起按变更后的人员和基数计算月缴存额。",
        done="已提交，系统正在逐人办理。",
        carry=_submitting("change"),
        preview=comes_to,
        list_kind="change",
    ),
)
