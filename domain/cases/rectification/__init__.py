"""差评整改: what is done about a bad review, by whom and until when."""

from domain.cases.rectification.actions import Step, take_step
from domain.cases.rectification.machine import FLOW_NAME, RECTIFICATION_FLOW, flow_of
from domain.cases.rectification.opening import awaiting_second, heard
from domain.cases.rectification.queries import (
    RectificationEvent,
    RectificationFilters,
    RectificationView,
    actions_of,
    events_of,
    rectification_for_report,
    rectification_of,
    rectifications,
    reply_of,
    second_asked,
)
from domain.cases.rectification.sweeping import sweep_rectifications

__all__ = [
    "FLOW_NAME",
    "RECTIFICATION_FLOW",
    "RectificationEvent",
    "RectificationFilters",
    "RectificationView",
    "Step",
    "actions_of",
    "awaiting_second",
    "events_of",
    "flow_of",
    "heard",
    "rectification_for_report",
    "rectification_of",
    "rectifications",
    "reply_of",
    "second_asked",
    "sweep_rectifications",
    "take_step",
]
