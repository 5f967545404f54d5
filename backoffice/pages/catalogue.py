"""服务事项: the 42 items with what is open and what the centre has not confirmed yet; filtered and exported (D25)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from backoffice.components import AUDIENCE_NAMES, LOGIN_NAMES, UNVERIFIED_NAMES, Problems, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import YES_NO, choice_fields, filled
from backoffice.navigation import SIGNED_IN
from domain import catalogue
from domain.catalogue import ServiceItem
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/catalogue"
FILTER_FIELDS = ("area", "audience", "channel", "open")
# Channels that belong together are one word in the table.
_CHANNEL_GROUPS = {
    "京通": ("jingtong_h5", "jingtong_wechat", "jingtong_alipay", "jingtong_baidu"),
    "自助终端": ("kiosk",),
    "单位网厅": ("employer_portal",),
    "柜台": ("counter",),
    "个人网厅、客户端、公众号": ("web_portal", "app", "official_account"),
    "市统一平台": ("city_platform",),
}


async def show(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    problems = _problems(given)
    items = () if problems else _filtered(given)
    groups = [(name, [item for item in items if item.area == area]) for area, name in catalogue.AREA_NAMES.items()]
    return desk.page(
        "catalogue.html",
        status=422 if problems else 200,
        given=given,
        choices={"area": catalogue.AREA_NAMES, "channel": catalogue.channels()},
        problems=Problems.of(problems),
        groups=[(name, found) for name, found in groups if found],
        channels_of={item.code: _channels(item.channels) for item in items},
        open_count=sum(item.open for item in items),
        unverified_count=sum(bool(item.unverified) for item in items),
        total=len(items),
        total_of_all=len(catalogue.items()),
        export_to=with_query(f"{PATH}/export", **given),
    )


def _problems(given: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    offered: dict[str, Iterable[str]] = {
        "area": catalogue.AREA_NAMES,
        "audience": AUDIENCE_NAMES,
        "channel": catalogue.channels(),
        "open": YES_NO,
    }
    choice_fields(given, offered, problems)
    return problems


def _filtered(given: dict[str, str]) -> tuple[ServiceItem, ...]:
    return tuple(
        item
        for item in catalogue.items()
        if given.get("area") in (None, item.area)
        and given.get("audience") in (None, *item.audience)
        and given.get("channel") in (None, *item.channels)
        and YES_NO.get(given.get("open", "")) in (None, item.open)
    )


def _channels(codes: tuple[str, ...]) -> list[str]:
    grouped = [name for name, members in _CHANNEL_GROUPS.items() if set(members) & set(codes)]
    known = {member for members in _CHANNEL_GROUPS.values() for member in members}
    return [*grouped, *(catalogue.channels()[code] for code in codes if code not in known)]


SHEET = Sheet(
    action="catalogue.exported",
    subject="catalogue",
    title="服务事项",
    file_name="catalogue",
    headings=("编号", "事项", "业务", "对象", "登录方式", "渠道", "办理环节", "时限", "状态", "未核实内容", "依据"),
    closing=lambda count: ("合计", f"{count}项"),
)


async def export(desk: Desk) -> Response:
    """All filtered items, each channel by its own name."""
    given = filled(desk.query, FILTER_FIELDS)
    if problems := _problems(given):
        raise Refused(*problems)

    async def lines(page: Page[ServiceItem]) -> list[Cells]:
        return [_row(item) for item in page.items]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=at_once(_filtered(given)), lines=lines)


def _row(item: ServiceItem) -> Cells:
    limit = item.time_limit_working_days
    return (
        item.code,
        item.name,
        catalogue.AREA_NAMES[item.area],
        "、".join(AUDIENCE_NAMES[one] for one in item.audience),
        LOGIN_NAMES[item.login],
        "、".join(catalogue.channels()[code] for code in item.channels),
        " → ".join(item.step_names),
        f"{limit}个工作日" if limit else "即时",
        "已开通" if item.open else "未开通",
        "、".join(UNVERIFIED_NAMES.get(mark, mark) for mark in item.unverified),
        "；".join(f"{basis.document} {basis.article}" for basis in item.legal_basis),
    )


PAGES = (
    DeskPage(PATH, SIGNED_IN, show),
    DeskPage(f"{PATH}/export", SIGNED_IN, export, "POST"),
)
