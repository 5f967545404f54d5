"""One row a channel: health, traffic, errors, quota, version; and the switches."""

from __future__ import annotations

from starlette.responses import Response

from backoffice import charts
from backoffice.components import Problems, clock_time
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import text
from backoffice.refusals import CHOICE_UNKNOWN
from channels.operation import Operations, operations
from channels.registered import CHANNELS
from domain import cases, catalogue
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/channels"
READ, OPERATE = "channels.read", "channels.operate"
TABS = (("渠道与系统", PATH), ("来报", f"{PATH}/messages"))
HEALTH_NAMES = {"off": "已停用", "broken": "已熔断", "troubled": "有异常", "well": "正常", "idle": "无流量"}
_DONE = {"off": "已停用。", "on": "已恢复。", "same": "原本就是这个状态，没有变化。"}
HEALTH_TONES = {"off": "quiet", "broken": "bad", "troubled": "waiting", "well": "good", "idle": "quiet"}


async def shown(desk: Desk) -> Response:
    return await _page(desk, refused=None)


async def _page(desk: Desk, *, refused: Refused | None) -> Response:
    seen = await operations(actor=desk.actor, now=desk.now)
    return desk.page(
        "channels.html",
        status=422 if refused else 200,
        tabs=TABS,
        seen=seen,
        drawing=_drawing(seen),
        health_names=HEALTH_NAMES,
        health_tones=HEALTH_TONES,
        items={one.identifier: one.name for one in catalogue.items()},
        names={code: channel.name for code, channel in CHANNELS.items()},
        may_operate=desk.may(OPERATE),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form if refused else {},
        notice={"off": "已停用。", "on": "已恢复。", "same": "原本就是这个状态，没有变化。"}.get(
            desk.query.get("done", "")
        ),
    )


def _drawing(seen: Operations) -> object | None:
    if not seen.calls_by_hour:
        return None
    counts = {clock_time(hour): number for hour, number in seen.calls_by_hour.items()}
    return charts.columns(name="calls", title="近24小时各时段调用量", counts=counts, unit="次")


async def switched(desk: Desk) -> Response:
    channel, on = desk.form.get("channel", ""), desk.form.get("to") == "on"
    try:
        if channel not in CHANNELS or desk.form.get("to") not in ("on", "off"):
            raise Refused(Refusal(CHOICE_UNKNOWN.code, CHOICE_UNKNOWN.message, "channel"))
        changed = await cases.switch(
            actor=desk.actor,
            channel=channel,
            item=text(desk.form, "item") or "",
            on=on,
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, refused=refused)
    return redirect(f"{PATH}?done={('on' if on else 'off') if changed else 'same'}")


PAGES = (DeskPage(PATH, READ, shown), DeskPage(f"{PATH}/switch", OPERATE, switched, "POST"))
