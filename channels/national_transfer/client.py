"""Tells the national transfer platform, and asks it."""

from __future__ import annotations

from datetime import datetime

from channels.national_transfer.messages import (
    CENTRES_PATH,
    MESSAGE_PATH,
    PROGRESS_PATH,
    STATES,
    TX_CENTRES,
    TX_OF_KIND,
    TX_PROGRESS,
    envelope,
    meaning_of,
)
from channels.wire import SignedClient, WireFailure
from domain.kernel.dates import SHANGHAI
from domain.transfers.ports import CentreEntry, Progress, Telling, Told


class NationalTransfer:
    """A `domain.transfers.ports.TransferPlatform`. Sends each message once; repeating is the caller's, and safe.
    `centre` is our own code at the platform."""

    def __init__(self, *, wire: SignedClient, centre: str) -> None:
        self._wire = wire
        self._centre = centre

    async def tell(self, *, telling: Telling, now: datetime) -> Told:
        body = envelope(
            tx_code=TX_OF_KIND[telling.kind],
            number=telling.number,
            sender=self._centre,
            receiver=telling.other_centre,
            sent_at=f"{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}",
            body=telling.body,
        )
        try:
            answer = await self._wire.post_json(path=MESSAGE_PATH, body=body, now=now)
        except WireFailure as failure:
            return Told(status="unknown", code=failure.trouble, message=failure.reason)
        if answer.get("MsgNo") != telling.number:
            return Told(status="unknown", code="foreign_answer", message="平台应答与报文不对应")
        code = str(answer.get("RtnCode"))
        meaning, status = meaning_of(code)
        receipt = answer.get("ReceiveSeqNo")
        return Told(
            status=status, code=code, message=meaning, receipt_no=receipt[:64] if isinstance(receipt, str) else None
        )

    async def progress(self, *, letter_no: str, now: datetime) -> Progress:
        try:
            answer = await self._wire.post_json(
                path=PROGRESS_PATH, body={"TxCode": TX_PROGRESS, "SendNode": self._centre, "ConNum": letter_no}, now=now
            )
        except WireFailure as failure:
            return Progress(state=None, code=failure.trouble, message=failure.reason)
        code = str(answer.get("RtnCode"))
        meaning, status = meaning_of(code)
        state = answer.get("TranStatus")
        if answer.get("ConNum") != letter_no:
            return Progress(state=None, code="foreign_answer", message="平台应答与查询不对应")
        known = status == "accepted" and state in STATES
        return Progress(state=str(state) if known else None, code=code, message=meaning)

    async def centres(self, *, now: datetime) -> list[CentreEntry] | None:
        try:
            answer = await self._wire.post_json(
                path=CENTRES_PATH, body={"TxCode": TX_CENTRES, "SendNode": self._centre}, now=now
            )
        except WireFailure:
            return None
        listed = answer.get("Centers")
        if not isinstance(listed, list):
            return None
        found = []
        for one in listed:
            if not isinstance(one, dict) or not all(
                isinstance(one.get(name), str) for name in ("CenterCode", "CenterName", "RegionCode")
            ):
                return None
            found.append(CentreEntry(code=one["CenterCode"], name=one["CenterName"], region_code=one["RegionCode"]))
        return found
