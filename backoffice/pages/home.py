"""工作台: today's figures, charts, and what I am working on."""

from __future__ import annotations

from markupsafe import Markup
from starlette.responses import Response

from backoffice import charts
from backoffice.components import channel_name, state_names
from backoffice.desk import Desk, DeskPage
from backoffice.navigation import HOME, SIGNED_IN
from domain import cases
from domain.cases import CaseView, DayFigures
from domain.kernel.refusal import Refused

_HOURS_SHOWN = range(8, 19)


async def show(desk: Desk) -> Response:
    if not desk.may("figures.read"):
        return desk.page("home.html", figures=None, charts=[], mine=[])
    figures = await cases.day_figures(actor=desk.actor, business_date=desk.business_date)
    return desk.page(
        "home.html", figures=figures, charts=_charts(figures), mine=await _mine(desk), may_claim=desk.may("case.claim")
    )


async def _mine(desk: Desk) -> list[CaseView]:
    mine = []
    for case_no in await cases.cases_locked_by(actor=desk.actor, now=desk.now):
        try:
            mine.append(await cases.case_by_no(actor=desk.actor, case_no=case_no))
        except Refused:
            continue  # moved to an office that this person does not see
    return mine


def _charts(figures: DayFigures) -> list[dict[str, object]]:
    """The charts with their tables; an empty day has none."""
    names = state_names()
    by_state = {names[state]: figures.by_state[state] for state in names if state in figures.by_state}
    by_channel = {channel_name(code): number for code, number in sorted(figures.by_channel.items())}
    hours = {*_HOURS_SHOWN, *figures.by_hour}
    shown = range(min(hours), max(hours) + 1)
    by_hour = {f"{hour}时": figures.by_hour.get(hour, 0) for hour in shown}
    if not figures.submitted:
        return []
    return [
        _chart("state", "今日受理办件的状态", "状态", by_state, charts.bars),
        _chart("channel", "今日受理渠道", "渠道", by_channel, charts.bars),
        _chart("hour", "今日各时段受理量", "时段", by_hour, charts.columns),
    ]


def _chart(name: str, title: str, heading: str, counts: dict[str, int], draw: object) -> dict[str, object]:
    assert callable(draw)
    drawing: Markup = draw(name=name, title=title, counts=counts)
    return {"name": name, "title": title, "heading": heading, "counts": counts, "drawing": drawing}


PAGES = (DeskPage(HOME, SIGNED_IN, show),)
