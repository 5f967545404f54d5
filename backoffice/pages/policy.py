"""业务参数: every dated number of the business with what it rests on, for all staff; new values are proposed here by
the system administrator and agreed to by a supervisor at 复核 (`auth.policy_values`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from auth import policy_values
from auth.approvals import REASON_MAX
from auth.policy_values import PROPOSE, SetByStaff
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, day_field, filled, number_field, plain_fields
from backoffice.navigation import SIGNED_IN
from backoffice.refusals import PAGE_NOT_FOUND
from domain import policy
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.policy import Change, DatedValue, Parameter

PATH = "/backoffice/policy"
FILTER_FIELDS = ("area", "state", "words")
AREAS = {
    "contribution": "缴存",
    "collection": "归集办理",
    "withdrawal": "提取",
    "transfer": "转移接续",
    "loan": "贷款",
    "interest": "利息",
    "books": "账务",
    "dayend": "日终",
    "review": "审核",
    "evaluation": "好差评",
    "risk": "风险名单",
    "identity": "身份认证",
    "sms": "短信",
    "messages": "互动消息",
    "kiosk": "自助终端",
    "city": "统一申办",
    "retirement": "退休一件事",
}
STATES = {"coming": "有待生效的新值", "unverified": "依据未核实", "none": "当前没有值"}
_NOTICE = "已提交，等待业务主管复核；同意后按生效日期执行。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One parameter as the list shows it: the value of today, if any, and those to come."""

    parameter: Parameter
    now: DatedValue | None
    coming: tuple[DatedValue, ...]

    @property
    def area(self) -> str:
        return AREAS.get(area_of(self.parameter), "其他")

    @property
    def unit(self) -> str:
        return policy.UNIT_NAMES[self.parameter.unit]

    def written(self, dated: DatedValue) -> str:
        return policy.shown(dated.value) + self.unit


def area_of(parameter: Parameter) -> str:
    """The first part of the name."""
    return parameter.name.partition(".")[0]


def lines(*, today: date, given: dict[str, str]) -> list[Line]:
    """The parameters that the filters leave, in the order of the areas."""
    order = {area: place for place, area in enumerate(AREAS)}
    found = [_line(one, today=today) for one in policy.parameters().values()]
    words = given.get("words", "").casefold()
    kept = [
        line
        for line in found
        if given.get("area") in (None, area_of(line.parameter))
        and _in_state(line, given.get("state"))
        and (words in line.parameter.name or words in line.parameter.zh.casefold() or words in _sources(line))
    ]
    return sorted(kept, key=lambda line: (order.get(area_of(line.parameter), len(order)), line.parameter.name))


def _line(parameter: Parameter, *, today: date) -> Line:
    return Line(
        parameter=parameter,
        now=next((one for one in parameter.series if one.covers(today)), None),
        coming=tuple(one for one in parameter.series if one.valid_from > today),
    )


def _in_state(line: Line, state: str | None) -> bool:
    match state:
        case "coming":
            return bool(line.coming)
        case "unverified":
            return line.now is not None and not line.now.verified
        case "none":
            return line.now is None
    return True


def _sources(line: Line) -> str:
    return " ".join(one.source for one in line.parameter.series).casefold()


async def show(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    problems = _problems(given)
    found = [] if problems else lines(today=desk.business_date, given=given)
    return desk.page(
        "policy.html",
        status=422 if problems else 200,
        given=given,
        areas=AREAS,
        states=STATES,
        problems=Problems.of(problems),
        found=found,
        total_of_all=len(policy.parameters()),
        coming=sum(bool(line.coming) for line in found),
        unverified=sum(_in_state(line, "unverified") for line in found),
        waiting=await policy_values.waiting(now=desk.now),
        export_to=with_query(f"{PATH}/export", **given),
    )


def _problems(given: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, {"area": AREAS, "state": STATES}, problems)
    plain_fields(given, ("words",), problems)
    return problems


SHEET = Sheet(
    action="policy.exported",
    subject="policy",
    title="业务参数",
    file_name="policy",
    headings=("代码", "参数", "业务", "单位", "值", "自", "至", "依据", "核实", "说明", "设定"),
    closing=lambda count: ("合计", f"{count}个值"),
)


async def export(desk: Desk) -> Response:
    """Every value by date of the filtered parameters."""
    given = filled(desk.query, FILTER_FIELDS)
    if problems := _problems(given):
        raise Refused(*problems)
    found = lines(today=desk.business_date, given=given)
    by_staff = _standing(await policy_values.history())
    rows = [(line, dated) for line in found for dated in line.parameter.series]

    async def cells(page: Page[tuple[Line, DatedValue]]) -> list[Cells]:
        return [_row(line, dated, by_staff) for line, dated in page.items]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=at_once(rows), lines=cells)


def _row(line: Line, dated: DatedValue, by_staff: dict[tuple[str, date], SetByStaff]) -> Cells:
    setter = by_staff.get((line.parameter.name, dated.valid_from))
    return (
        line.parameter.name,
        line.parameter.zh,
        line.area,
        line.unit,
        policy.shown(dated.value),
        dated.valid_from.isoformat(),
        dated.valid_until.isoformat() if dated.valid_until else "",
        dated.source,
        "已核实" if dated.verified else "未核实",
        dated.note,
        f"{setter.asked_name}申请，{setter.agreed_name}同意" if setter else "随系统版本",
    )


def _standing(history: list[SetByStaff]) -> dict[tuple[str, date], SetByStaff]:
    return {(one.name, one.valid_from): one for one in history if one.withdrawn_at is None}


async def one(desk: Desk) -> Response:
    return await _one(desk, desk.request.path_params["name"])


async def _one(desk: Desk, name: str, *problems: Refusal, form: str = "") -> Response:
    parameter = policy.parameters().get(name)
    if parameter is None:
        raise Refused(PAGE_NOT_FOUND)
    history = await policy_values.history(name=name)
    return desk.page(
        "policy_one.html",
        status=422 if problems else 200,
        line=_line(parameter, today=desk.business_date),
        by_staff=_standing(history),
        withdrawn=[each for each in history if each.withdrawn_at is not None],
        first=policy.first_day(desk.now),
        last=policy.last_day(desk.now),
        expected=parameter.limits.in_words(parameter.unit),
        waiting=[each for each in await policy_values.waiting(now=desk.now) if each.payload["name"] == name],
        may_propose=desk.may(PROPOSE),
        reason_max=REASON_MAX,
        problems=Problems.of(problems),
        form=form,
        typed=desk.form if problems else {},
        notice=_NOTICE if desk.query.get("done") == "asked" else None,
    )


async def propose(desk: Desk) -> Response:
    form, name = desk.form, desk.request.path_params["name"]
    problems: list[Refusal] = []
    day = day_field(form, "valid_from", problems)
    if problems:
        return await _one(desk, name, *problems, form="set")
    change = Change(name=name, value=form.get("value", ""), valid_from=day, source=form.get("source", ""))
    try:
        await policy_values.ask_value(actor=desk.actor, change=change, reason=form.get("reason", ""), now=desk.now)
    except Refused as refused:
        return await _one(desk, name, *refused.refusals, form="set")
    return redirect(f"{PATH}/{name}?done=asked")


async def withdraw(desk: Desk) -> Response:
    name = desk.request.path_params["name"]
    value_id = number_field(desk.form.get("value_id", ""))
    try:
        await policy_values.ask_withdrawal(
            actor=desk.actor, value_id=value_id, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        return await _one(desk, name, *refused.refusals, form=f"withdraw {value_id}")
    return redirect(f"{PATH}/{name}?done=asked")


PAGES = (
    DeskPage(PATH, SIGNED_IN, show),
    DeskPage(f"{PATH}/export", SIGNED_IN, export, "POST"),
    DeskPage(f"{PATH}/{{name}}", SIGNED_IN, one),
    DeskPage(f"{PATH}/{{name}}/propose", PROPOSE, propose, "POST"),
    DeskPage(f"{PATH}/{{name}}/withdraw", PROPOSE, withdraw, "POST"),
)
