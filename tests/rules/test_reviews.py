"""Reviews as data: seats, how many must sign, what signatures come to; and the second version of the flow, walked."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.cases.flows import FlowError, Review, Seat, Situation, flow
from domain.cases.flows.machine import FOLDER, load
from domain.kernel.declared import DeclarationError, read
from domain.kernel.money import Money

FLOW = flow("withdrawal_two_reviews", version=2)
FILE = FOLDER / "withdrawal_two_reviews.v2.yaml"
pytestmark = pytest.mark.requirement("D10")

# The process once more, written by hand: (state, action) → every target it may have.
EXPECTED: dict[tuple[str | None, str], set[str]] = {
    (None, "submit"): {"pending_preliminary"},
    ("pending_preliminary", "automatic_approve"): {"pending_payment", "pending_payment_review"},
    ("pending_preliminary", "preliminary_approve"): {"pending_final"},
    ("pending_preliminary", "preliminary_refuse"): {"refused"},
    ("pending_preliminary", "preliminary_correct"): {"pending_correction"},
    ("pending_preliminary", "preliminary_escalate"): {"pending_special"},
    ("pending_preliminary", "cancel"): {"cancelled"},
    ("pending_preliminary", "void"): {"cancelled"},
    ("pending_correction", "resubmit"): {"pending_preliminary"},
    ("pending_correction", "correction_expired"): {"cancelled"},
    ("pending_correction", "cancel"): {"cancelled"},
    ("pending_correction", "void"): {"cancelled"},
    ("pending_final", "final_approve"): {"pending_payment", "pending_payment_review"},
    ("pending_final", "final_refuse"): {"refused"},
    ("pending_final", "final_return"): {"pending_preliminary"},
    ("pending_final", "final_escalate"): {"pending_special"},
    ("pending_final", "preliminary_revoke"): {"pending_preliminary"},
    ("pending_final", "cancel"): {"cancelled"},
    ("pending_final", "void"): {"cancelled"},
    ("pending_special", "special_approve"): {"pending_payment", "pending_payment_review"},
    ("pending_special", "special_refuse"): {"refused"},
    ("pending_special", "special_return"): {"pending_preliminary"},
    ("pending_special", "void"): {"cancelled"},
    ("pending_payment_review", "payment_approve"): {"pending_payment"},
    ("pending_payment_review", "payment_refuse"): {"refused"},
    ("pending_payment_review", "payment_return"): {"pending_final"},
    ("pending_payment_review", "final_revoke"): {"pending_final"},
    ("pending_payment_review", "void"): {"cancelled"},
    ("pending_payment", "send_payment"): {"paying"},
    ("pending_payment", "hold_payment"): {"pending_payment_review"},
    ("paying", "payment_confirmed"): {"completed"},
    ("paying", "payment_rejected"): {"payment_failed"},
}
STATES = {state for state, _ in EXPECTED if state} | {target for targets in EXPECTED.values() for target in targets}
ACTIONS = {action for _, action in EXPECTED}
TERMINAL = {"completed", "refused", "cancelled", "payment_failed"}
APPROVALS = {"automatic_approve", "final_approve", "special_approve"}


def seen(*flags: str, amount: int = 6000, passed: bool = False) -> Situation:
    return Situation(
        flags=frozenset(flags),
        amount=Money.yuan(amount),
        amount_large_from=Money.yuan(500_000),
        checks_passed=passed,
    )


def test_every_pair_of_the_second_version() -> None:
    assert set(FLOW.states) == STATES and set(FLOW.transitions) == ACTIONS
    assert {code for code in STATES if FLOW.is_terminal(code)} == TERMINAL
    for state, action in product([None, *sorted(STATES)], sorted(ACTIONS)):
        targets = EXPECTED.get((state, action))
        assert FLOW.allows(state, action) == (targets is not None)
        if targets is not None:
            assert set(FLOW.transition(action).targets) == targets


@pytest.mark.parametrize(
    ("situation", "target"),
    [
        (seen(), "pending_payment"),
        (seen("property_unanswered"), "pending_payment"),
        (seen("key_review"), "pending_payment_review"),
        (seen("spouse_listed"), "pending_payment_review"),
        (seen(amount=499_999), "pending_payment"),
        (seen(amount=500_000), "pending_payment_review"),
    ],
)
def test_what_sends_an_approved_case_to_the_review_of_payments(situation: Situation, target: str) -> None:
    assert FLOW.target("pending_final", "final_approve", seen=situation) == target
    with pytest.raises(FlowError):
        FLOW.target("refused", "final_approve", seen=situation)


def test_the_system_approves_only_what_nothing_speaks_against() -> None:
    assert FLOW.runs_automatically(seen(passed=True))
    assert not FLOW.runs_automatically(seen(passed=False))
    assert not FLOW.runs_automatically(seen("key_review", passed=True))
    assert not flow("withdrawal_two_reviews", version=1).runs_automatically(seen(passed=True))


def test_a_watched_person_needs_the_supervisor_too() -> None:
    review = FLOW.reviews["pending_final"]
    assert [seat.code for seat in review.seats_of(seen())] == ["final"]
    assert [seat.code for seat in review.seats_of(seen("key_review"))] == ["final", "key_review"]
    assert review.needed(review.seats_of(seen("key_review"))) == 2


def review_of(need: Any, count: int) -> Review:
    seats = tuple(Seat(code=f"s{number}", name="席", roles=("supervisor",)) for number in range(count))
    return Review(state="x", name="审", need=need, seats=seats)


@pytest.mark.parametrize(
    ("need", "count", "signed", "outcome"),
    [
        ("any", 2, "a", "approve"),
        ("any", 2, "r", None),
        ("any", 2, "rr", "refuse"),
        ("any", 2, "ra", "approve"),
        ("all", 2, "a", None),
        ("all", 2, "aa", "approve"),
        ("all", 2, "r", "refuse"),
        ("all", 1, "a", "approve"),
        (2, 3, "a", None),
        (2, 3, "aa", "approve"),
        (2, 3, "ar", None),
        (2, 3, "ara", "approve"),
        (2, 3, "arr", "refuse"),
        (2, 3, "rr", "refuse"),
        (2, 3, "", None),
    ],
)
def test_all_any_and_n_of_m(need: Any, count: int, signed: str, outcome: str | None) -> None:
    review = review_of(need, count)
    words = {"a": "approve", "r": "refuse"}
    given_now = {seat.code: words[one] for seat, one in zip(review.seats, signed, strict=False)}
    assert review.outcome(seats=review.seats, signed=given_now) == outcome


@given(
    st.integers(1, 5).flatmap(
        lambda m: st.tuples(st.just(m), st.integers(1, m), st.lists(st.booleans(), min_size=m, max_size=m))
    )
)
def test_a_full_round_always_comes_to_something_and_stays_so(case: tuple[int, int, list[bool]]) -> None:
    count, need, answers = case
    review, signed, reached = review_of(need, count), dict[str, str](), None
    for seat, answer in zip(review.seats, answers, strict=True):
        signed[seat.code] = "approve" if answer else "refuse"
        now = review.outcome(seats=review.seats, signed=signed)
        assert reached is None or now == reached, "what was reached is not taken back by a later signature"
        reached = now
    assert reached == ("approve" if sum(answers) >= need else "refuse")


class AnyWalk(RuleBasedStateMachine):
    """Actions in any order and any situation: the flow and the hand-written table agree at each step."""

    def __init__(self) -> None:
        super().__init__()
        self.state: str | None = None
        self.path: list[str] = []

    @rule(action=st.sampled_from(sorted(ACTIONS)), watched=st.booleans(), amount=st.sampled_from([1, 500_000]))
    def act(self, action: str, watched: bool, amount: int) -> None:
        expected = EXPECTED.get((self.state, action))
        situation = seen(*(["key_review"] if watched else []), amount=amount)
        try:
            reached = FLOW.next(None, action) if self.state is None else FLOW.target(self.state, action, seen=situation)
        except FlowError:
            assert expected is None
            return
        assert expected is not None and reached in expected
        self.path.append(action)
        self.state = reached

    @invariant()
    def money_moves_only_after_an_approval(self) -> None:
        if self.state in {"pending_payment", "pending_payment_review", "paying", "completed", "payment_failed"}:
            assert APPROVALS & set(self.path)

    @invariant()
    def what_was_held_is_paid_only_after_its_review(self) -> None:
        if self.state in {"paying", "completed"} and "hold_payment" in self.path:
            held = len(self.path) - 1 - self.path[::-1].index("hold_payment")
            after = set(self.path[held:])
            assert "payment_approve" in after or {"payment_return", "final_revoke"} & after or "void" in after


TestAnyWalk = AnyWalk.TestCase
TestAnyWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["reviews"].pop("pending_special"), "decided without a review"),
        (lambda d: d["reviews"]["pending_special"].update(need=4), "4 of 3 seats cannot be"),
        (lambda d: d["reviews"]["pending_special"].update(need="most"), "most of 3 seats cannot be"),
        (lambda d: d["reviews"]["pending_final"].update(need=2), "2 of 1 seats cannot be"),
        (lambda d: d["reviews"]["pending_final"].update(extra=1), "unknown key in the review"),
        (lambda d: d["reviews"]["pending_final"].update(escalate_to=["king"]), "unknown role"),
        (lambda d: d["reviews"]["pending_final"]["seats"][0].update(roles=["king"]), "known roles"),
        (lambda d: d["reviews"]["pending_final"]["seats"][1].update(when=["rain"]), "unknown situation rain"),
        (lambda d: d["reviews"]["pending_final"]["seats"][1].update(code="final"), "seats are doubled"),
        (lambda d: d["automatic"].update(when=["rain"]), "unknown action or situation"),
        (lambda d: d["transitions"][1]["divert"].update(when=["rain"]), "unknown situation"),
        (lambda d: d["transitions"][1]["divert"].update(to="limbo"), "unknown state limbo"),
    ],
)
def test_unsound_reviews_are_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    data = read(FILE)
    change(data)
    (tmp_path / "flow.yaml").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        load(directory=tmp_path)
