"""Who may take back what until when (D08)."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from domain.cases.flows import flow
from domain.cases.revocation import (
    RULES,
    ActorRelation,
    RevocationAction,
    RevocationFacts,
    load,
    may,
    rule_of,
    rules,
)
from domain.kernel.actor import Role
from domain.kernel.declared import DeclarationError

FLOW = flow("withdrawal_two_reviews", version=1)
STATES = ["draft", *FLOW.states]
CALM = RevocationFacts(reason_given=True)


def code(
    action: RevocationAction,
    state: str,
    relation: ActorRelation,
    *roles: str,
    facts: RevocationFacts = CALM,
) -> str | None:
    refusal = may(action=action, state=state, actor_relation=relation, roles=roles, now_facts=facts)
    return None if refusal is None else refusal.code.removeprefix("case.revocation_")


@pytest.mark.parametrize("state", STATES)
def test_the_applicant_cancels_until_the_final_decision(state: str) -> None:
    allowed = state in {"pending_preliminary", "pending_final"}
    assert code("cancel", state, "applicant") == (None if allowed else "stage_passed")


def test_cancelling_in_the_rules_is_cancelling_in_the_flow() -> None:
    for state in FLOW.states:
        assert (rule_of(action="cancel", state=state) is not None) == FLOW.allows(state, "cancel")


@pytest.mark.parametrize("role", [role.value for role in Role])
@pytest.mark.parametrize("relation", ["acceptor", "decider", "none"])
def test_no_staff_cancels_for_a_citizen(role: str, relation: ActorRelation) -> None:
    assert code("cancel", "pending_preliminary", relation, role) == "not_yours"


def test_a_lock_does_not_stop_the_applicant() -> None:
    assert code("cancel", "pending_final", "applicant", facts=RevocationFacts(locked_by_other=True)) is None


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        (RevocationFacts(reason_given=True), None),
        (RevocationFacts(reason_given=True, locked_by_other=True), "in_review"),
        (RevocationFacts(reason_given=True, escalated=True), "escalated"),
        (RevocationFacts(reason_given=True, same_business_day=False), "another_day"),
        (RevocationFacts(), "no_reason"),
    ],
)
def test_a_preliminary_decision_is_revoked_the_same_day(facts: RevocationFacts, refusal: str | None) -> None:
    assert code("revoke", "pending_final", "decider", "preliminary_reviewer", facts=facts) == refusal


def test_revoking_is_for_the_decider() -> None:
    assert code("revoke", "pending_final", "none", "preliminary_reviewer") == "not_yours"
    assert code("revoke", "pending_final", "decider", "finance") == "not_yours"
    assert code("revoke", "pending_final", "applicant") == "not_yours"
    assert code("revoke", "pending_preliminary", "decider", "preliminary_reviewer") == "stage_passed"
    assert code("revoke", "pending_payment", "decider", "final_reviewer") is None
    assert code("revoke", "pending_payment", "none", "supervisor") is None
    sent = RevocationFacts(reason_given=True, payment_sent=True)
    assert code("revoke", "pending_payment", "none", "supervisor", facts=sent) == "payment_sent"
    assert code("revoke", "paying", "none", "supervisor", facts=sent) == "stage_passed"


def test_voiding_is_for_the_supervisor_before_payment() -> None:
    assert code("void", "pending_payment", "none", "supervisor") is None
    assert code("void", "pending_payment", "none", "finance") == "not_yours"
    assert code("void", "completed", "none", "supervisor") == "stage_passed"
    assert code("void", "pending_final", "none", "supervisor", facts=RevocationFacts()) == "no_reason"


def test_drafts_are_deleted_by_those_who_wrote_them() -> None:
    assert code("delete_draft", "draft", "applicant") is None
    assert code("delete_draft", "draft", "acceptor", "service_desk") is None
    assert code("delete_draft", "draft", "none", "supervisor") == "not_yours"
    assert code("delete_draft", "pending_preliminary", "applicant") == "stage_passed"


def test_nothing_that_ended_or_was_paid_is_taken_back() -> None:
    ended = [state for state in FLOW.states if FLOW.is_terminal(state)] + ["paying"]
    everyone = product(get_args(RevocationAction), ended, get_args(ActorRelation))
    for action, state, relation in everyone:
        assert code(action, state, relation, *(role.value for role in Role)) is not None


def test_refusals_say_what_to_do_next() -> None:
    refusal = may(action="cancel", state="paying", actor_relation="applicant", roles=(), now_facts=CALM)
    assert refusal is not None
    assert refusal.message == "该业务当前环节已不能撤销申请，请刷新页面查看最新进度；如有疑问请联系受理网点。"
    assert all(rule.undoes and rule.effects for rule in rules())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("action: void", "action: burn", "unknown action"),
        ("unless: [payment_sent, in_review, no_reason]", "unless: [raining]", "unknown condition raining"),
        ("{relation: any, roles: [supervisor]}", "{relation: any, roles: []}", "anyone at all"),
        ("{relation: any, roles: [supervisor]}", "{relation: any, roles: [king]}", "unknown role"),
        ("{relation: applicant, roles: []}", "{relation: friend, roles: []}", "unknown relation friend"),
        (
            "stages: [pending_payment, pending_payment_review]",
            "stages: [pending_final]",
            "twice in pending_final",
        ),
        ("effects: [delete_draft]", "effects: []", "needs stages, who, undoes and effects"),
    ],
)
def test_unsound_rule_sets_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = RULES.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "revocation.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        load(path=path)
