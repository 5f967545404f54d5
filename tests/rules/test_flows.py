"""The flow of a withdrawal: every (state, action) pair, walks of any length, and flows that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.cases.flows import FlowError, flow, flows, latest_flow
from domain.cases.flows.machine import FOLDER, load
from domain.kernel.declared import DeclarationError, read

FLOW = flow("withdrawal_two_reviews", version=1)
FILE = FOLDER / "withdrawal_two_reviews.yaml"

# The process once more, written by hand from the issue: what the YAML must say, pair by pair.
EXPECTED = {
    (None, "submit"): "pending_preliminary",
    ("pending_preliminary", "preliminary_approve"): "pending_final",
    ("pending_preliminary", "preliminary_refuse"): "refused",
    ("pending_preliminary", "cancel"): "cancelled",
    ("pending_final", "final_approve"): "pending_payment",
    ("pending_final", "final_refuse"): "refused",
    ("pending_final", "final_return"): "pending_preliminary",
    ("pending_final", "cancel"): "cancelled",
    ("pending_payment", "send_payment"): "paying",
    ("paying", "payment_confirmed"): "completed",
    ("paying", "payment_rejected"): "payment_failed",
}
STATES = {state for state, _ in EXPECTED if state} | set(EXPECTED.values())
ACTIONS = {action for _, action in EXPECTED}
TERMINAL = STATES - {state for state, _ in EXPECTED}

pytestmark = pytest.mark.requirement("R01.9")


def test_states_and_actions_are_those_of_the_process() -> None:
    assert set(FLOW.states) == STATES and set(FLOW.transitions) == ACTIONS
    assert {code for code in STATES if FLOW.is_terminal(code)} == TERMINAL
    assert {"completed", "refused", "cancelled", "payment_failed"} == TERMINAL


@pytest.mark.parametrize("state", [None, *sorted(STATES)])
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_pair(state: str | None, action: str) -> None:
    target = EXPECTED.get((state, action))
    assert FLOW.allows(state, action) == (target is not None)
    if target is not None:
        assert FLOW.next(state, action) == target
        assert state is None or action in FLOW.actions_from(state)
    else:
        with pytest.raises(FlowError, match=action):
            FLOW.next(state, action)


@pytest.mark.parametrize(
    "asked",
    [
        lambda: FLOW.next("pending_final", "approve"),
        lambda: FLOW.next("nowhere", "cancel"),
        lambda: FLOW.actions_from("nowhere"),
        lambda: FLOW.is_terminal(""),
        lambda: FLOW.review_action(state="pending_preliminary", decision="return"),
        lambda: FLOW.review_action(state="paying", decision="approve"),
        lambda: flow("withdrawal_two_reviews", version=3),
        lambda: flow("no_such_flow", version=1),
        lambda: latest_flow("no_such_flow"),
    ],
)
def test_what_is_not_defined_is_an_error(asked: Callable[[], object]) -> None:
    with pytest.raises(FlowError):
        asked()


def test_reviews_are_for_two_persons() -> None:
    assert FLOW.review_action(state="pending_preliminary", decision="approve") == "preliminary_approve"
    assert FLOW.review_action(state="pending_final", decision="return") == "final_return"
    assert FLOW.reviewers_of("pending_preliminary") == ("preliminary_reviewer",)
    assert FLOW.reviewers_of("pending_final") == ("final_reviewer",)
    assert FLOW.reviewers_of("paying") == ()
    for action in ("final_approve", "final_refuse", "final_return"):
        assert FLOW.transition(action).separate_from == ("preliminary_approve",)


def test_who_may_do_what() -> None:
    kinds = {action: transition.kind for action, transition in FLOW.transitions.items()}
    assert {a for a, k in kinds.items() if k == "citizen"} == {"submit", "cancel"}
    assert {a for a, k in kinds.items() if k == "system"} == {
        "send_payment",
        "payment_confirmed",
        "payment_rejected",
    }
    assert all(FLOW.transition(a).relation == "applicant" for a in ("submit", "cancel"))
    needing_reason = {action for action, t in FLOW.transitions.items() if t.reason_required}
    assert needing_reason == {"preliminary_refuse", "final_refuse", "final_return", "payment_rejected"}


def test_progress_for_the_citizen() -> None:
    def shown(*visited: str) -> str:
        marks = {"done": "x", "current": ">", "to_do": ".", "skipped": "-"}
        return "".join(marks[step.status] for step in FLOW.progress(state=visited[-1], visited=visited))

    assert shown("pending_preliminary") == "x>..."
    assert shown("pending_preliminary", "pending_final") == "xx>.."
    assert shown("pending_preliminary", "pending_final", "pending_payment", "paying") == "xxx>."
    assert shown("pending_preliminary", "pending_final", "pending_payment", "paying", "completed") == "xxxxx"
    assert shown("pending_preliminary", "refused") == "xx--x"
    assert shown("pending_preliminary", "pending_final", "cancelled") == "xxx-x"
    for one in flows():
        assert all(state.explanation.endswith("。") for state in one.states.values())


class AnyWalk(RuleBasedStateMachine):
    """Actions in any order, allowed or not: the flow and the hand-written table must agree at each step."""

    def __init__(self) -> None:
        super().__init__()
        self.state: str | None = None
        self.past: list[str | None] = []

    @rule(action=st.sampled_from(sorted(ACTIONS)))
    def act(self, action: str) -> None:
        expected = EXPECTED.get((self.state, action))
        try:
            reached: str | None = FLOW.next(self.state, action)
        except FlowError:
            reached = None
        assert reached == expected
        if reached is not None:
            self.past.append(self.state)
            self.state = reached

    @invariant()
    def terminal_states_are_left_by_nothing(self) -> None:
        assert not any(state in TERMINAL for state in self.past)

    @invariant()
    def money_moves_only_after_both_reviews(self) -> None:
        if self.state in {"paying", "completed", "payment_failed"}:
            assert self.past.index("pending_preliminary") < self.past.index("pending_final")
            assert "pending_payment" in self.past


TestAnyWalk = AnyWalk.TestCase
TestAnyWalk.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def broken(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the shipped flow with one change, as JSON, which YAML reads."""
    data = read(FILE)
    change(data)
    (folder / "flow.yaml").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return folder


def transition(data: dict[str, Any], action: str) -> dict[str, Any]:
    found: dict[str, Any] = next(t for t in data["transitions"] if t["action"] == action)
    return found


def test_the_shipped_flow_loads_alone(tmp_path: Path) -> None:
    assert list(load(directory=broken(tmp_path, lambda data: None))) == [("withdrawal_two_reviews", 1)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: transition(d, "cancel")["from"].append("completed"), "completed is terminal with exits"),
        (lambda d: d["states"]["paying"].update(terminal=True), "paying is terminal with exits"),
        (lambda d: d["states"]["refused"].update(terminal=False), "no way out of refused"),
        (lambda d: transition(d, "cancel").update(to="refused"), "cancelled is never reached"),
        (lambda d: transition(d, "cancel").update(to="nowhere"), "unknown state nowhere"),
        (lambda d: transition(d, "cancel").update({"from": []}), "only the start action"),
        (lambda d: transition(d, "submit").update(to="paying"), "does not lead to pending_preliminary"),
        (lambda d: transition(d, "final_approve")["who"].update(roles=["king"]), "unknown role"),
        (lambda d: transition(d, "final_approve")["who"].update(roles=[]), "need roles"),
        (lambda d: transition(d, "cancel")["who"].update(relation="friend"), "unknown kind or relation"),
        (lambda d: transition(d, "final_refuse").update(decision="approve"), "two actions for one decision"),
        (lambda d: transition(d, "final_refuse").update(decision="ignore"), "unknown decision"),
        (lambda d: transition(d, "final_refuse").update(separate_from=["x"]), "separate from an unknown"),
        (lambda d: transition(d, "final_refuse").update(extra=1), "unknown key"),
        (lambda d: d["states"]["paying"].update(step="limbo"), "unknown step limbo"),
        (lambda d: d["transitions"].append(d["transitions"][0]), "declared twice"),
        (lambda d: d.pop("steps"), "missing or malformed"),
    ],
)
def test_unsound_flows_are_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        load(directory=broken(tmp_path, change))
