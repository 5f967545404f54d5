"""How a request is told that more is asked for, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass

from auth.refusals import STEP_UP_REQUIRED
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """`challenge` names operation and request: a check that is started with it is good for this request alone."""

    operation: str
    operation_name: str
    challenge: str
    ways: tuple[str, ...]


class StepUpRequired(Refused):
    """Refused until the person has shown their face, or gone another way. Nothing was changed."""

    def __init__(self, step_up: StepUp) -> None:
        super().__init__(STEP_UP_REQUIRED(name=step_up.operation_name))
        self.step_up = step_up
