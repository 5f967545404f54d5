"""办件: one case for one matter on any channel, its steps, reviews, history and evaluation."""

from domain.cases.actions import CheckRecord, NewCase, advance, cancel, conflicts_of, lock_case, open_case
from domain.cases.evaluation_port import GRADES, EvaluationPlatform, EvaluationReport, PushOutcome
from domain.cases.evaluations import TAGS, EvaluationView, evaluate, evaluation_of, record_push
from domain.cases.events import CASE_CHANGED, EVALUATION_GIVEN
from domain.cases.flows import Flow, FlowError, StepProgress, flow, flows, latest_flow
from domain.cases.ports import CaseMatter, Matters
from domain.cases.queries import (
    DayFigures,
    QueueFilters,
    QueuePage,
    case_by_key,
    case_by_no,
    cases_of_person,
    checks_of,
    day_figures,
    history_of,
    review_queue,
    running_cases,
)
from domain.cases.refusals import REFUSAL_REASONS
from domain.cases.review import DECISIONS, allowed_actions, cases_locked_by, claim, decide, release
from domain.cases.verification import INVARIANTS
from domain.cases.views import CaseCheck, CaseEvent, CaseView

__all__ = [
    "CASE_CHANGED",
    "DECISIONS",
    "EVALUATION_GIVEN",
    "GRADES",
    "INVARIANTS",
    "REFUSAL_REASONS",
    "TAGS",
    "CaseCheck",
    "CaseEvent",
    "CaseMatter",
    "CaseView",
    "CheckRecord",
    "DayFigures",
    "EvaluationPlatform",
    "EvaluationReport",
    "EvaluationView",
    "Flow",
    "FlowError",
    "Matters",
    "NewCase",
    "PushOutcome",
    "QueueFilters",
    "QueuePage",
    "StepProgress",
    "advance",
    "allowed_actions",
    "cancel",
    "case_by_key",
    "case_by_no",
    "cases_locked_by",
    "cases_of_person",
    "checks_of",
    "claim",
    "conflicts_of",
    "day_figures",
    "decide",
    "evaluate",
    "evaluation_of",
    "flow",
    "flows",
    "history_of",
    "latest_flow",
    "lock_case",
    "open_case",
    "record_push",
    "release",
    "review_queue",
    "running_cases",
]
