"""The port to the 好差评 platform: each evaluation is reported once (国办发〔2019〕51号, GB/T
39734-2020)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

PushStatus = Literal["accepted", "duplicate", "rejected", "unknown"]
ReportStatus = Literal["accepted", "not_found", "unknown"]
Terminal = Literal["pc", "mobile", "qr_code", "hall_tablet", "other_terminal", "telephone", "sms"]

GRADES = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """One evaluation as the platform wants it. `document_no` is plain here and leaves the house only as an
    SM3 digest; `tags` are the platform's indicator codes; `grade` 1 and 2 are bad reviews (差评); `round` 2 is the
    second evaluation, after a rectification."""

    evaluation_no: str
    case_no: str
    item_code: str
    item_name: str
    service_name: str
    accepted_at: datetime
    applicant_name: str
    document_type: str
    document_no: str
    grade: int
    tags: tuple[str, ...] = ()
    comment: str = ""
    terminal: Terminal = "mobile"
    round: int = 1
    evaluated_at: datetime

    def __post_init__(self) -> None:
        assert self.grade in GRADES, f"grade {self.grade}"
        assert self.evaluation_no and self.case_no, "an evaluation and its case have numbers"

    def __repr__(self) -> str:
        """Without the person: reports end up in logs and traces."""
        return f"EvaluationReport({self.evaluation_no}, case {self.case_no}, grade {self.grade})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOutcome:
    """`accepted` and `duplicate` both mean that the platform has the evaluation. `unknown`: ask with `query`,
    or push the same number again, which the platform takes once. `rejected` needs a person."""

    status: PushStatus
    code: str
    message: str
    receipt_no: str | None = None
    """The platform's own number for what it took: the proof that it has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutcome:
    status: ReportStatus
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RectificationReport:
    """What became of a bad review: `verdict` true, untrue or malicious; `second_grade` None when the applicant did not
    evaluate again, which is reported as it is."""

    evaluation_no: str
    case_no: str
    verdict: Literal["true", "untrue", "malicious"]
    answer: str
    call_back: str
    second_grade: int | None
    opened_at: datetime
    closed_at: datetime


class EvaluationPlatform(Protocol):
    """No method raises for a partner's trouble."""

    async def push_rectification(self, *, report: RectificationReport, now: datetime) -> PushOutcome: ...

    async def push(self, *, evaluation: EvaluationReport, now: datetime) -> PushOutcome: ...

    async def query(self, *, evaluation_no: str, now: datetime) -> ReportOutcome: ...
