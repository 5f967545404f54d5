"""人脸核验、实人认证: a check that the living person is there, for one operation and one request.

needed    whether an operation asks for it now (`requirements`)
require   lets a request pass whose check was passed, or raises `StepUpRequired` with how to get one
start, finish    a check of the citizen, on their own device
start_at_counter, ...    triggered by staff, for the functions of R13
"""

from auth.face.checks import FaceCheck, finish, request_digest, require, start
from auth.face.counter import (
    HOLD,
    counter_challenge,
    counter_check,
    counter_checks_of,
    finish_at_counter,
    held_counter_check,
    note_missing,
    pass_without_face,
    start_at_counter,
    use_counter_check,
)
from auth.face.ports import FaceOutcome, FaceVerification, StartedFace
from auth.face.requirements import Operation, counter_operations, needed, online_operations
from auth.face.step_up import StepUp, StepUpRequired

__all__ = [
    "HOLD",
    "FaceCheck",
    "FaceOutcome",
    "FaceVerification",
    "Operation",
    "StartedFace",
    "StepUp",
    "StepUpRequired",
    "counter_challenge",
    "counter_check",
    "counter_checks_of",
    "counter_operations",
    "finish",
    "finish_at_counter",
    "held_counter_check",
    "needed",
    "note_missing",
    "online_operations",
    "pass_without_face",
    "request_digest",
    "require",
    "start",
    "start_at_counter",
    "use_counter_check",
]
