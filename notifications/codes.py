"""One-time passwords by SMS: in the lane that nothing delays, and refused when a number has had too many."""

from __future__ import annotations

from datetime import datetime

from auth.phones import PhoneCode
from domain.kernel.database import Transaction
from notifications.queueing import enqueue

TEMPLATE = "login.verification_code"


async def send_phone_code(tx: Transaction, code: PhoneCode, now: datetime) -> None:
    """Raises Refused when the number has had too many codes within the hour or the day."""
    await enqueue(
        tx,
        account_no=code.person_id,
        event_id=code.proof_id,
        template=TEMPLATE,
        variables={"code": code.code, "minutes": str(code.valid_minutes), "purpose": "变更接收通知的手机号码"},
        mobile=code.mobile,
        now=now,
    )
