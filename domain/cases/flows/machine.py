"""The state machine of a case, read from data and validated at import.

A case pins (flow, version) when it begins and keeps it to its end, however the process changes meanwhile.
The flow says what may follow what and who may do it; locks, holds and payments belong to the actions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from domain.cases.flows.reviews import SITUATIONS, Review, Seat, Situation, faults_of_review, read_review
from domain.kernel.actor import Role
from domain.kernel.declared import DeclarationError, read

FOLDER = Path(__file__).parent

WhoKind = Literal["citizen", "staff", "system"]
Relation = Literal["applicant", "any"]
Decision = Literal["approve", "refuse", "return", "correct", "escalate"]
Progress = Literal["done", "current", "to_do", "skipped"]


class FlowError(LookupError):
    """The flow has no such transition, state or version. Callers check first: reaching this is a bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    code: str
    name: str
    step: str
    terminal: bool
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    code: str
    name: str
    status: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """`roles`: any of them. `separate_from`: actions whose doer on this case may not do this one (four
    eyes). `divert_to`: the target instead in one of the situations `divert_when`; `decides`: it is the decision."""

    action: str
    name: str
    origins: tuple[str, ...]
    target: str
    kind: WhoKind
    relation: Relation
    roles: tuple[str, ...]
    separate_from: tuple[str, ...]
    decision: Decision | None
    reason_required: bool
    divert_to: str | None = None
    divert_when: tuple[str, ...] = ()
    decides: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,) if self.divert_to is None else (self.target, self.divert_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """全程网办: the system's action where every situation holds."""

    action: str
    when: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    code: str
    version: int
    name: str
    initial: str
    start: str
    steps: tuple[Step, ...]
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    reviews: Mapping[str, Review]
    automatic: Automatic | None = None

    def next(self, state: str | None, action: str) -> str:
        """The state after an action; `state` None before the case exists. Raises FlowError if undefined."""
        transition = self.transition(action)
        if state is None:
            if action == self.start:
                return transition.target
        elif state in transition.origins:
            return transition.target
        raise FlowError(f"{self.code} v{self.version}: no {action} from {state}")

    def target(self, state: str, action: str, *, seen: Situation) -> str:
        """As `next`, with what the case's situation diverts."""
        standard, transition = self.next(state, action), self.transition(action)
        diverted = any(SITUATIONS[name](seen) for name in transition.divert_when)
        return transition.divert_to if diverted and transition.divert_to is not None else standard

    def runs_automatically(self, seen: Situation) -> bool:
        """Whether the checks suffice for the system to approve."""
        return self.automatic is not None and all(SITUATIONS[name](seen) for name in self.automatic.when)

    def allows(self, state: str | None, action: str) -> bool:
        transition = self.transitions.get(action)
        if transition is None:
            return False
        return action == self.start if state is None else state in transition.origins

    def actions_from(self, state: str) -> tuple[str, ...]:
        """Actions that lead on from a state, in the order of the file; empty for a terminal state."""
        self.state(state)
        return tuple(action for action, transition in self.transitions.items() if state in transition.origins)

    def is_terminal(self, state: str) -> bool:
        return self.state(state).terminal

    def state(self, code: str) -> State:
        if code not in self.states:
            raise FlowError(f"{self.code} v{self.version}: no state {code}")
        return self.states[code]

    def transition(self, action: str) -> Transition:
        if action not in self.transitions:
            raise FlowError(f"{self.code} v{self.version}: no action {action}")
        return self.transitions[action]

    def review_action(self, *, state: str, decision: Decision) -> str:
        """The action that a reviewer's decision is in this state. Raises FlowError when it is none, as for
        `return` at the preliminary review."""
        for action in self.actions_from(state):
            if self.transitions[action].decision == decision:
                return action
        raise FlowError(f"{self.code} v{self.version}: no decision {decision} in {state}")

    def reviewers_of(self, state: str) -> tuple[str, ...]:
        """Roles that sign in this state; empty when nobody reviews."""
        review = self.reviews.get(state)
        seats = review.seats if review is not None else ()
        return tuple(dict.fromkeys(role for seat in seats for role in seat.roles))

    def progress(self, *, state: str, visited: Collection[str]) -> tuple[StepProgress, ...]:
        """The steps with what is done, current and to do, for the citizen's progress display. `visited` are the
        states that the case has been in: a step that none of them stands on was skipped, as the payment of a
        refused case."""
        at = [step.code for step in self.steps].index(self.state(state).step)
        terminal = self.is_terminal(state)
        passed = {self.steps[0].code, *(self.state(code).step for code in visited)}

        def status(place: int) -> Progress:
            if place < at:
                return "done" if self.steps[place].code in passed else "skipped"
            if place == at:
                return "done" if terminal else "current"
            return "to_do"

        return tuple(
            StepProgress(code=step.code, name=step.name, status=status(place)) for place, step in enumerate(self.steps)
        )


def load(*, directory: Path = FOLDER) -> Mapping[tuple[str, int], Flow]:
    """Every flow by (code, version). Raises DeclarationError naming all problems."""
    flows: dict[tuple[str, int], Flow] = {}
    problems: list[str] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            flow = _flow(read(path))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"{path.name}: missing or malformed {error}")
            continue
        problems.extend(f"{path.name}: {problem}" for problem in faults(flow))
        if (flow.code, flow.version) in flows:
            problems.append(f"{path.name}: {flow.code} version {flow.version} is declared twice")
        flows[flow.code, flow.version] = flow
    if problems:
        raise DeclarationError(file=directory.name, problems=problems)
    return MappingProxyType(flows)


def _flow(data: dict[str, Any]) -> Flow:
    states = {code: State(code=code, **declared) for code, declared in data["states"].items()}
    transitions = [_transition(declared) for declared in data["transitions"]]
    by_action = {transition.action: transition for transition in transitions}
    if len(by_action) != len(transitions):
        raise TypeError("action declared twice")
    reviews = {state: read_review(state, declared) for state, declared in data.get("reviews", {}).items()}
    automatic = data.get("automatic")
    return Flow(
        code=data["flow"],
        version=data["version"],
        name=data["name"],
        initial=data["initial"],
        start=data["start"],
        steps=tuple(Step(**step) for step in data["steps"]),
        states=MappingProxyType(states),
        transitions=MappingProxyType(by_action),
        reviews=MappingProxyType(reviews or _plain_reviews(transitions)),
        automatic=Automatic(action=automatic["action"], when=tuple(automatic["when"])) if automatic else None,
    )


def _plain_reviews(transitions: list[Transition]) -> dict[str, Review]:
    """Of a flow that declares none: one seat in each state in which somebody decides."""
    roles: dict[str, dict[str, None]] = {}
    for transition in transitions:
        if transition.decision is not None:
            for state in transition.origins:
                roles.setdefault(state, {}).update(dict.fromkeys(transition.roles))
    return {
        state: Review(
            state=state, name="审核", need="any", seats=(Seat(code="review", name="审核", roles=tuple(held)),)
        )
        for state, held in roles.items()
    }


def _transition(declared: dict[str, Any]) -> Transition:
    who = declared["who"]
    known = {"action", "name", "from", "to", "who", "separate_from", "decision", "reason", "divert", "decides"}
    unknown, divert = set(declared) - known, declared.get("divert", {})
    if unknown or set(who) - {"kind", "relation", "roles"}:
        raise TypeError(f"unknown key in transition {declared['action']}")
    return Transition(
        action=declared["action"],
        name=declared["name"],
        origins=tuple(declared["from"]),
        target=declared["to"],
        kind=who["kind"],
        relation=who.get("relation", "any"),
        roles=tuple(who.get("roles", ())),
        separate_from=tuple(declared.get("separate_from", ())),
        decision=declared.get("decision"),
        reason_required=declared["reason"],
        divert_to=divert.get("to"),
        divert_when=tuple(divert.get("when", ())),
        decides=declared.get("decides", "decision" in declared),
    )


def faults(flow: Flow) -> list[str]:
    """Everything that makes a flow unusable; empty for a sound one."""
    found = [f"state {s.code} stands on unknown step {s.step}" for s in flow.states.values() if _astray(flow, s)]
    if flow.start not in flow.transitions or flow.transitions[flow.start].target != flow.initial:
        found.append(f"start action {flow.start} does not lead to {flow.initial}")
    for transition in flow.transitions.values():
        found.extend(_faults_of(flow, transition))
    found.extend(f"state {code} is never reached" for code in flow.states if code not in _reachable(flow))
    for state in flow.states.values():
        exits = [t.action for t in flow.transitions.values() if state.code in t.origins]
        if state.terminal == bool(exits):
            found.append(f"state {state.code} is terminal with exits" if exits else f"no way out of {state.code}")
        decisions = [flow.transitions[action].decision for action in exits if flow.transitions[action].decision]
        if len(set(decisions)) != len(decisions):
            found.append(f"state {state.code} has two actions for one decision")
        if bool(decisions) != (state.code in flow.reviews):
            found.append(f"state {state.code} is reviewed without decisions, or decided without a review")
    for review in flow.reviews.values():
        found.extend(faults_of_review(review))
    automatic = flow.automatic
    if automatic and (automatic.action not in flow.transitions or not set(automatic.when) <= set(SITUATIONS)):
        found.append("automatic: unknown action or situation")
    return found


def _astray(flow: Flow, state: State) -> bool:
    return state.step not in {step.code for step in flow.steps}


def _faults_of(flow: Flow, transition: Transition) -> list[str]:
    action, found = transition.action, []
    if bool(transition.origins) == (action == flow.start):
        found.append(f"{action}: only the start action, and it alone, has no origin")
    if bool(transition.divert_to) != bool(transition.divert_when) or not set(transition.divert_when) <= set(SITUATIONS):
        found.append(f"{action}: diverts nowhere, or in an unknown situation")
    for code in (*transition.origins, *transition.targets):
        if code not in flow.states:
            found.append(f"{action}: unknown state {code}")
    if transition.kind not in get_args(WhoKind) or transition.relation not in get_args(Relation):
        found.append(f"{action}: unknown kind or relation")
    if transition.decision not in (None, *get_args(Decision)):
        found.append(f"{action}: unknown decision {transition.decision}")
    if not set(transition.roles) <= set(Role):
        found.append(f"{action}: unknown role")
    if (transition.kind == "staff") != bool(transition.roles):
        found.append(f"{action}: staff and only staff need roles")
    if not set(transition.separate_from) <= set(flow.transitions):
        found.append(f"{action}: separate from an unknown action")
    return found


def _reachable(flow: Flow) -> set[str]:
    reached, edge = {flow.initial}, [flow.initial]
    while edge:
        state = edge.pop()
        for transition in flow.transitions.values():
            ahead = set(transition.targets) - reached if state in transition.origins else set()
            reached |= ahead
            edge.extend(ahead)
    return reached
