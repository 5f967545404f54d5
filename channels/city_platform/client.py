"""Reports to the city's platform what becomes of its applications."""

from __future__ import annotations

from datetime import datetime

from channels.city_platform.messages import CODES, REPORT_PATH, report_body
from channels.wire import SignedClient, WireFailure
from domain.city_applications.ports import Report, Reported


class CityReports:
    """A `domain.city_applications.ports.CityPlatform`. Sends each report once; repeating is the caller's, and safe."""

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def report(self, *, report: Report, now: datetime) -> Reported:
        try:
            answer = await self._wire.post_json(path=REPORT_PATH, body=report_body(report), now=now)
        except WireFailure as failure:
            return Reported(status="unknown", code=failure.trouble, message=failure.reason)
        if answer.get("reportNo") != report.number:
            return Reported(status="unknown", code="foreign_answer", message="平台应答与报送不对应")
        code = str(answer.get("code"))
        meaning, status = CODES.get(code, ("平台返回未知代码", "unknown"))
        receipt = answer.get("receiptNo")
        return Reported(
            status=status, code=code, message=meaning, receipt_no=receipt[:64] if isinstance(receipt, str) else None
        )
