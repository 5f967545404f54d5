"""The day-end (日终): business dates in order, declared steps, partitions that commit by themselves, exceptions.

A step of another area is a `StepWork` or a `WholeWork` bound by name in `ops.dayend`.
"""

from domain.dayend import lease
from domain.dayend.actions import (
    OPERATORS,
    REASON_MAX,
    confirm_jump,
    decide_settlement,
    plan_now,
    propose_settlement,
    request_retry,
    request_start,
)
from domain.dayend.engine import STOP_REASONS, Engine
from domain.dayend.forecast import Forecast, StepMeasure, forecast
from domain.dayend.ports import Partition, StepFailed, StepWork, Timekeeper, WholeWork, Work
from domain.dayend.queries import (
    ExceptionView,
    Figures,
    LeaseView,
    Overview,
    RequestView,
    RunView,
    StepView,
    exception,
    exceptions,
    figures,
    overview,
    run_of,
    steps_of,
)
from domain.dayend.ranges import PARTITION_ROWS, ranges_of
from domain.dayend.requests import answer, next_retry, start_requested
from domain.dayend.retrying import retry
from domain.dayend.schedule import Begun, Plan, clocks_agree, plan_days
from domain.dayend.steps import Step, due_on, load_steps, parse_steps
from domain.dayend.store import LeaseLost, stores_clock

__all__ = [
    "OPERATORS",
    "PARTITION_ROWS",
    "REASON_MAX",
    "STOP_REASONS",
    "Begun",
    "Engine",
    "ExceptionView",
    "Figures",
    "Forecast",
    "LeaseLost",
    "LeaseView",
    "Overview",
    "Partition",
    "Plan",
    "RequestView",
    "RunView",
    "Step",
    "StepFailed",
    "StepMeasure",
    "StepView",
    "StepWork",
    "Timekeeper",
    "WholeWork",
    "Work",
    "answer",
    "clocks_agree",
    "confirm_jump",
    "decide_settlement",
    "due_on",
    "exception",
    "exceptions",
    "figures",
    "forecast",
    "lease",
    "load_steps",
    "next_retry",
    "overview",
    "parse_steps",
    "plan_days",
    "plan_now",
    "propose_settlement",
    "ranges_of",
    "request_retry",
    "request_start",
    "retry",
    "run_of",
    "start_requested",
    "steps_of",
    "stores_clock",
]
