"""Putting a message on the list: in the transaction of its event, once, within what one person may get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import policy
from domain.kernel import vault
from domain.kernel.database import Executor
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from notifications import wording
from notifications.numbers import normal_mobile
from notifications.refusals import CODES_TOO_MANY, MOBILE_MALFORMED
from notifications.rendering import Class, RenderedSms, render

VALID_FOR_OF: dict[Class, timedelta] = {
    "otp": timedelta(minutes=5),
    "transactional": timedelta(hours=24),
    "bulk": timedelta(hours=72),
}
"""How long a message is worth sending; a code that comes later than it holds only confuses."""
VALID_FOR = VALID_FOR_OF["transactional"]
CHANNEL = "hpf_sms"
"""PostgreSQL's notice that wakes the gateway; sent for one-time passwords and urgent messages."""

_PER_DAY: dict[Class, str] = {
    "otp": "sms.otp_per_day_max",
    "transactional": "sms.transactional_per_day_max",
    "bulk": "sms.bulk_per_day_max",
}


async def enqueue(
    tx: Executor,
    *,
    account_no: int,
    event_id: int,
    template: str,
    variables: dict[str, str],
    mobile: str,
    now: datetime,
) -> int:
    """The message's number; the same event and template again gives that of the first. A malformed number, somebody
    who wants no more bulk messages and one more than a person may get in a day are kept as `rejected` or `dead`, so
    that they are seen; a one-time password is refused instead, because somebody waits for it. Raises TemplateError and
    Refused."""
    rendered = render(template=await wording.current(tx, code=template), variables=variables)
    class_ = rendered.template.class_
    digits = normal_mobile(mobile)
    if class_ == "otp" and digits is None:
        raise Refused(MOBILE_MALFORMED())
    state, code = await _admission(tx, class_=class_, digits=digits, now=now)
    message_id = await _insert(
        tx,
        key=(account_no, event_id),
        rendered=rendered,
        mobile=digits if digits is not None else mobile,
        index=None if digits is None else vault.current().blind_index(digits),
        state=state,
        code=code,
        now=now,
    )
    if message_id is None:
        message_id = await tx.value(
            "SELECT message_id FROM sms_message WHERE account_no = $1 AND event_id = $2 AND template = $3",
            account_no,
            event_id,
            template,
        )
    elif state == "queued" and rendered.template.priority <= 1:
        await tx.execute("SELECT pg_notify($1, '')", CHANNEL)
    assert isinstance(message_id, int)
    return message_id


async def _insert(
    tx: Executor,
    *,
    key: tuple[int, int],
    rendered: RenderedSms,
    mobile: str,
    index: bytes | None,
    state: str,
    code: str | None,
    now: datetime,
) -> int | None:
    sealed, used = vault.current(), rendered.template
    number: int | None = await tx.value(
        """
        INSERT INTO sms_message (account_no, message_id, event_id, template, template_version, lane, class, priority,
                                 department, mobile_cipher, mobile_index, text_cipher, parts, state, last_code,
                                 created_at, due_at, valid_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17)
        ON CONFLICT (account_no, event_id, template) DO NOTHING
        RETURNING message_id
        """,
        key[0],
        new_id(),
        key[1],
        used.code,
        used.version,
        used.lane,
        used.class_,
        used.priority,
        used.department,
        sealed.encrypt(mobile),
        index,
        sealed.encrypt(rendered.text),
        rendered.parts,
        state,
        code,
        now,
        now + VALID_FOR_OF[used.class_],
    )
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Had:
    """Messages of one class to one number: within an hour, within a day, and when the first of the hour was."""

    hour: int
    day: int
    first_of_hour: datetime | None


async def _admission(tx: Executor, *, class_: Class, digits: str | None, now: datetime) -> tuple[str, str | None]:
    """The first state of the message and why. Raises Refused for a one-time password too many."""
    if digits is None:
        return "rejected", "mobile_malformed"
    indexes = vault.current().blind_indexes(digits)
    if class_ == "otp":
        # two requests at once must not both find room
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 7))", indexes[-1])
    if class_ == "bulk" and await tx.value("SELECT 1 FROM sms_opt_out WHERE mobile_index = ANY($1)", indexes):
        return "rejected", "opted_out"
    had = await _had(tx, class_=class_, indexes=indexes, now=now)
    limits = policy.on(business_date_of(now))
    over_hour = class_ == "otp" and had.hour >= limits.number("sms.otp_per_hour_max")
    if not over_hour and had.day < limits.number(_PER_DAY[class_]):
        return "queued", None
    if class_ == "otp":
        wait = timedelta(hours=1) - (now - (had.first_of_hour or now)) if over_hour else timedelta(hours=1)
        raise Refused(CODES_TOO_MANY(minutes=max(1, -(-wait // timedelta(minutes=1)))))
    return "dead", "limit_reached"


async def _had(tx: Executor, *, class_: Class, indexes: list[bytes], now: datetime) -> _Had:
    row = await tx.row(
        """
        SELECT count(*) FILTER (WHERE created_at > $4) AS hour, count(*) AS day,
               min(created_at) FILTER (WHERE created_at > $4) AS first_of_hour
        FROM sms_message
        WHERE mobile_index = ANY($1) AND class = $2 AND created_at > $3 AND last_code IS DISTINCT FROM 'limit_reached'
        """,
        indexes,
        class_,
        now - timedelta(hours=24),
        now - timedelta(hours=1),
    )
    assert row is not None
    return _Had(hour=row["hour"], day=row["day"], first_of_hour=row["first_of_hour"])
