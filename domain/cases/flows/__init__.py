"""Flows of cases by name and version: `flow("withdrawal_two_reviews", version=1)`."""

from __future__ import annotations

from domain.cases.flows.machine import Decision, Flow, FlowError, State, Step, StepProgress, Transition, load
from domain.cases.flows.reviews import Review, Seat, Situation

_FLOWS = load()


def flow(code: str, *, version: int) -> Flow:
    """The flow that a case has pinned. Raises FlowError for an unknown name or version."""
    found = _FLOWS.get((code, version))
    if found is None:
        raise FlowError(f"no flow {code} version {version}")
    return found


def latest_flow(code: str) -> Flow:
    """The flow in force for new cases: the highest version. Raises FlowError for an unknown name."""
    versions = [version for name, version in _FLOWS if name == code]
    if not versions:
        raise FlowError(f"no flow {code}")
    return _FLOWS[code, max(versions)]


def flows() -> tuple[Flow, ...]:
    return tuple(_FLOWS.values())


__all__ = [
    "Decision",
    "Flow",
    "FlowError",
    "Review",
    "Seat",
    "Situation",
    "State",
    "Step",
    "StepProgress",
    "Transition",
    "flow",
    "flows",
    "latest_flow",
]
