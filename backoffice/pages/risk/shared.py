"""What the pages of the lists share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk
from backoffice.directory import staff_names
from domain import risk
from domain.kernel.refusal import Refused

PATH = "/backoffice/risk"
READ, PROPOSE = "risk.read", "risk.propose"
TABS = (
    ("名单", PATH),
    ("登记", f"{PATH}/new"),
    ("批量登记", f"{PATH}/file"),
    ("申诉", f"{PATH}/appeals"),
)
TONES = {"in_force": "bad", "over": "quiet", "removed": "quiet"}
APPEAL_TONES = {"waiting": "waiting", "granted": "good", "rejected": "bad", "withdrawn": "quiet"}
EFFECTS = {"none": "不影响", "review": "从严审核", "refuse": "不予受理", "hold": "暂缓，复核后继续", "stop": "终止"}
EFFECT_TONES = {"none": "quiet", "review": "waiting", "refuse": "bad", "hold": "waiting", "stop": "bad"}
_NOTICES = {
    "asked": "已提交，等待另一人在“复核”中同意后生效。",
    "appealed": "已登记申诉，请在期限前答复。",
}


def show(desk: Desk, template: str, *, refused: Refused | None = None, **values: Any) -> Response:
    """A page of these desks; with a refusal it is the form again, with what was typed."""
    return desk.page(
        template,
        status=200 if refused is None else 422,
        tabs=TABS,
        trouble=Problems.of(refused.refusals) if refused else Problems(),
        typed=desk.form,
        may_propose=desk.may(PROPOSE),
        lists=risk.lists(),
        tones=TONES,
        appeal_tones=APPEAL_TONES,
        notice=_NOTICES.get(desk.query.get("done", "")),
        **values,
    )


async def names_of(references: Iterable[str | None]) -> dict[str, str]:
    """The names of staff by their reference; citizens are not named here."""
    ids = {one: int(one.partition(":")[2]) for one in references if one and one.startswith("staff:")}
    known = await staff_names(set(ids.values()))
    return {one: known.get(number, "已离岗人员") for one, number in ids.items()}
