"""The declared flows of transfers in and out, and who may take which step (D08, four eyes)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from domain.cases import Flow, load_flows
from domain.kernel.actor import Actor
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.transfers.refusals import SAME_PERSON, STEP_NOT_POSSIBLE, STEP_NOT_YOURS

Direction = Literal["in", "out"]
DIRECTION_NAMES: dict[str, str] = {"in": "转入", "out": "转出"}

_FLOWS = load_flows(directory=Path(__file__).parent / "flows")
LATEST: dict[str, int] = {
    direction: max(version for name, version in _FLOWS if name == f"transfer_{direction}")
    for direction in DIRECTION_NAMES
}


def flow_of(*, direction: str, version: int | None = None) -> Flow:
    """The flow that a transfer has pinned, or the latest."""
    return _FLOWS[f"transfer_{direction}", LATEST[direction] if version is None else version]


def require_step(*, actor: Actor, flow: Flow, state: str, action: str, doers: dict[str, str]) -> None:
    """Whether the actor may take the step now. `doers` says who did what so far, by action. Raises Refused."""
    transition = flow.transition(action)
    if state not in transition.origins:
        raise Refused(STEP_NOT_POSSIBLE(state=flow.state(state).name, action=transition.name))
    if transition.kind == "staff":
        if not actor.is_staff:
            raise Refused(NOT_PERMITTED())
        if not actor.has_role(*transition.roles):
            raise Refused(STEP_NOT_YOURS(action=transition.name))
        for before in transition.separate_from:
            if doers.get(before) == actor.reference:
                raise Refused(SAME_PERSON(action=transition.name, before=flow.transition(before).name))
    elif transition.kind == "system" and actor.kind != "system":
        raise Refused(NOT_PERMITTED())
