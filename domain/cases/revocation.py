"""Who may take a case or a decision back, until when, and what that undoes: one rule set,
`revocation.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from domain.kernel.actor import Role
from domain.kernel.declared import DeclarationError, read
from domain.kernel.refusal import Refusal, RefusalKind, refusal_kind

RULES = Path(__file__).with_name("revocation.yaml")

RevocationAction = Literal["cancel", "revoke", "void", "delete_draft"]
ActorRelation = Literal["applicant", "acceptor", "decider", "none"]

STAGE_PASSED = refusal_kind(
    "case.revocation_stage_passed",
    "该业务当前环节已不能{action}，请刷新页面查看最新进度；如有疑问请联系受理网点。",
)
NOT_YOURS = refusal_kind("case.revocation_not_yours", "您不能对该业务{action}，请由申请人本人或有权限的工作人员办理。")
IN_REVIEW = refusal_kind(
    "case.revocation_in_review",
    "该业务正由其他工作人员审核，暂不能{action}，请稍后重试或联系主管释放。",
    retryable=True,
)
ESCALATED = refusal_kind("case.revocation_escalated", "该业务已进入特审，不能{action}，请联系特审人员处理。")
ANOTHER_DAY = refusal_kind("case.revocation_another_day", "审核意见只能在作出当日{action}，请由复审人员退回初审。")
PAYMENT_SENT = refusal_kind(
    "case.revocation_payment_sent", "款项已提交银行，不能{action}，请等待银行结果；如已到账请按退款流程办理。"
)
NO_REASON = refusal_kind("case.revocation_no_reason", "请填写{action}的原因后重新提交。", field="reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFacts:
    """How the case stands now. `locked_by_other`: someone else's lock has not expired. `same_business_day`:
    the decision to take back was made on the present business date."""

    locked_by_other: bool = False
    payment_sent: bool = False
    escalated: bool = False
    same_business_day: bool = True
    reason_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    relation: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRule:
    """`undoes` tells people what is taken back, `effects` tells the action what to do."""

    action: RevocationAction
    name: str
    stages: tuple[str, ...]
    who: tuple[Entitled, ...]
    unless: tuple[str, ...]
    undoes: str
    effects: tuple[str, ...]


CONDITIONS: dict[str, tuple[Callable[[RevocationFacts], bool], RefusalKind]] = {
    "in_review": (lambda facts: facts.locked_by_other, IN_REVIEW),
    "payment_sent": (lambda facts: facts.payment_sent, PAYMENT_SENT),
    "escalated": (lambda facts: facts.escalated, ESCALATED),
    "another_day": (lambda facts: not facts.same_business_day, ANOTHER_DAY),
    "no_reason": (lambda facts: not facts.reason_given, NO_REASON),
}


def may(
    *,
    action: RevocationAction,
    state: str,
    actor_relation: ActorRelation,
    roles: Iterable[str],
    now_facts: RevocationFacts,
) -> Refusal | None:
    """None when the action may be done now, else the first reason against it: whose, then which stage, then
    what stands in the way. `state` is the case's state, or `draft` before it is submitted."""
    name = _names()[action]
    held = frozenset(roles)
    own = [rule for rule in _RULES if rule.action == action]
    if not any(_entitled(rule, actor_relation, held) for rule in own):
        return NOT_YOURS(action=name)
    rule = rule_of(action=action, state=state)
    if rule is None:
        return STAGE_PASSED(action=name)
    if not _entitled(rule, actor_relation, held):
        return NOT_YOURS(action=name)
    for condition in rule.unless:
        applies, refusal = CONDITIONS[condition]
        if applies(now_facts):
            return refusal(action=name)
    return None


def rule_of(*, action: RevocationAction, state: str) -> RevocationRule | None:
    """The rule for an action in a state; None when the stage for it has passed or not come."""
    return next((rule for rule in _RULES if rule.action == action and state in rule.stages), None)


def rules() -> tuple[RevocationRule, ...]:
    return _RULES


def load(*, path: Path = RULES) -> tuple[RevocationRule, ...]:
    """Reads the rule set. Raises DeclarationError naming all problems."""
    problems: list[str] = []
    found: list[RevocationRule] = []
    stages: set[tuple[str, str]] = set()
    for declared in read(path)["rules"]:
        rule = _rule(declared)
        problems.extend(f"{rule.action}: {problem}" for problem in _faults(rule))
        for stage in rule.stages:
            if (rule.action, stage) in stages:
                problems.append(f"{rule.action} is ruled twice in {stage}")
            stages.add((rule.action, stage))
        found.append(rule)
    if problems:
        raise DeclarationError(file=path.name, problems=problems)
    return tuple(found)


def _rule(declared: dict[str, Any]) -> RevocationRule:
    return RevocationRule(
        action=declared["action"],
        name=declared["name"],
        stages=tuple(declared["stages"]),
        who=tuple(Entitled(relation=who["relation"], roles=frozenset(who["roles"])) for who in declared["who"]),
        unless=tuple(declared["unless"]),
        undoes=declared["undoes"],
        effects=tuple(declared["effects"]),
    )


def _faults(rule: RevocationRule) -> list[str]:
    found = [f"unknown condition {condition}" for condition in rule.unless if condition not in CONDITIONS]
    if rule.action not in get_args(RevocationAction):
        found.append("unknown action")
    if not (rule.stages and rule.who and rule.undoes and rule.effects):
        found.append("needs stages, who, undoes and effects")
    for entitled in rule.who:
        if entitled.relation not in {*get_args(ActorRelation), "any"} - {"none"}:
            found.append(f"unknown relation {entitled.relation}")
        if not entitled.roles <= set(Role):
            found.append(f"unknown role among {sorted(entitled.roles)}")
        if entitled.relation == "any" and not entitled.roles:
            found.append("anyone at all is entitled")
    return found


def _entitled(rule: RevocationRule, relation: ActorRelation, roles: frozenset[str]) -> bool:
    return any(
        entitled.relation in (relation, "any") and (not entitled.roles or entitled.roles & roles)
        for entitled in rule.who
    )


def _names() -> dict[str, str]:
    return {rule.action: rule.name for rule in _RULES}


_RULES = load()
