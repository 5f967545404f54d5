"""Pushes evaluations to the 好差评 platform."""

from __future__ import annotations

from datetime import datetime

from channels.evaluation_push.messages import (
    PUSH_PATH,
    QUERY_PATH,
    RECTIFICATION_PATH,
    meaning_of,
    rectification_body,
    report_body,
)
from channels.wire import SignedClient, WireFailure
from domain.cases.evaluation_port import EvaluationReport, PushOutcome, RectificationReport, ReportOutcome


class EvaluationPush:
    """A `domain.cases.evaluation_port.EvaluationPlatform`. Sends each push once; repeating is the caller's,
    and safe."""

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def push(self, *, evaluation: EvaluationReport, now: datetime) -> PushOutcome:
        return await self._tell(
            PUSH_PATH, body=report_body(evaluation=evaluation), number=evaluation.evaluation_no, now=now
        )

    async def push_rectification(self, *, report: RectificationReport, now: datetime) -> PushOutcome:
        return await self._tell(
            RECTIFICATION_PATH, body=rectification_body(report=report), number=report.evaluation_no, now=now
        )

    async def _tell(self, path: str, *, body: dict[str, str], number: str, now: datetime) -> PushOutcome:
        try:
            answer = await self._wire.post_json(path=path, body=body, now=now)
        except WireFailure as failure:
            return PushOutcome(status="unknown", code=failure.trouble, message=failure.reason)
        code = str(answer.get("code"))
        if answer.get("evaluationNo") != number:
            return PushOutcome(status="unknown", code="foreign_answer", message="平台应答与请求不对应")
        meaning, status = meaning_of(code)
        receipt = answer.get("receiptNo")
        return PushOutcome(
            status=status, code=code, message=meaning, receipt_no=receipt[:64] if isinstance(receipt, str) else None
        )

    async def query(self, *, evaluation_no: str, now: datetime) -> ReportOutcome:
        try:
            answer = await self._wire.post_json(path=QUERY_PATH, body={"evaluationNo": evaluation_no}, now=now)
        except WireFailure as failure:
            return ReportOutcome(status="unknown", code=failure.trouble, message=failure.reason)
        code = str(answer.get("code"))
        meaning, _ = meaning_of(code)
        if answer.get("evaluationNo") != evaluation_no:
            return ReportOutcome(status="unknown", code="foreign_answer", message="平台应答与请求不对应")
        if code == "3001":
            return ReportOutcome(status="not_found", code=code, message=meaning)
        return ReportOutcome(status="accepted" if code == "0" else "unknown", code=code, message=meaning)
