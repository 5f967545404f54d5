"""短信查询: messages by state and mobile, without their texts; those that did not go out are sent again from here."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.sms.shared import OPERATE, PATH, READ, carrier_name, show, value_name
from backoffice.refusals import FORM_MALFORMED
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from notifications import desk as sms
from notifications.desk import STATE_NAMES, MessageView
from notifications.numbers import normal_mobile
from notifications.refusals import MOBILE_MALFORMED

LIST = f"{PATH}/messages"
FILTER_FIELDS = ("state", "mobile")
SHOWN_MAX = 100
EXPORTED_MAX = 10_000
TONES = {
    "queued": "quiet",
    "sending": "active",
    "accepted": "waiting",
    "delivered": "good",
    "rejected": "bad",
    "unknown": "waiting",
    "dead": "bad",
}


async def listed(desk: Desk) -> Response:
    return await _list(desk)


async def _list(desk: Desk, *, refused: Refused | None = None) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    problems = _problems(given)
    found = [] if problems else await _find(given, most=SHOWN_MAX + 1)
    return show(
        desk,
        "sms_messages.html",
        refused=refused,
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        states=STATE_NAMES,
        tones=TONES,
        found=found[:SHOWN_MAX],
        more=len(found) > SHOWN_MAX,
        shown_max=SHOWN_MAX,
        export_to=with_query(f"{LIST}/export", **given),
        notice="已重新排队发送。" if desk.query.get("done") == "resent" else None,
    )


def _problems(given: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, {"state": STATE_NAMES}, problems)
    if "mobile" in given and normal_mobile(given["mobile"]) is None:
        problems.append(MOBILE_MALFORMED())
    return problems


async def _find(given: dict[str, str], *, most: int) -> list[MessageView]:
    states = [given["state"]] if "state" in given else ["dead", "rejected", "unknown"]
    if "state" not in given and "mobile" in given:
        states = list(STATE_NAMES)
    return await sms.listed(states=states, mobile=given.get("mobile"), most=most)


async def resend(desk: Desk) -> Response:
    given = desk.form.get("message_id", "")
    if not (given.isascii() and given.isdigit() and len(given) <= 19):
        raise Refused(FORM_MALFORMED)
    try:
        await sms.resend(
            actor=desk.actor, message_id=int(given), certain=desk.form.get("certain") == "yes", now=desk.now
        )
    except Refused as refused:
        return await _list(desk, refused=refused)
    return redirect(f"{LIST}?done=resent")


HEADINGS = (
    "短信编号",
    "模板",
    "类别",
    "状态",
    "手机号码",
    "号码归属",
    "运营商",
    "提交次数",
    "条数",
    "结果代码",
    "生成时间",
    "提交时间",
    "回执时间",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    if problems := _problems(given):
        raise Refused(*problems)
    found = await _find(given, most=EXPORTED_MAX)

    async def lines(page: Page[MessageView]) -> list[Cells]:
        return [_row(one) for one in page.items]

    sheet = Sheet(action="sms.exported", subject="sms", title="短信明细", file_name="sms", headings=HEADINGS)
    # the mobile is personal and stays out of the audit trail
    told = {name: value for name, value in given.items() if name != "mobile"}
    return await export_list(desk=desk, sheet=sheet, filters=told, fetch=at_once(found), lines=lines)


def _row(one: MessageView) -> Cells:
    return (
        str(one.message_id),
        one.template,
        value_name("class", one.class_),
        one.state_name,
        one.mobile,
        value_name("region", one.region),
        carrier_name(one.carrier or ""),
        str(one.attempts),
        str(one.parts),
        one.last_code or "",
        moment_exact(one.created_at),
        moment_exact(one.sent_at),
        moment_exact(one.receipt_at),
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", READ, export, "POST"),
    DeskPage(f"{LIST}/resend", OPERATE, resend, "POST"),
)
