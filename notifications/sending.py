"""Sending a message once, whatever dies in between.

    queued → sending → accepted → delivered
                     ↘ rejected     the carrier refused it, or reported that it was not delivered
                     ↘ unknown      no clear answer: the carrier is asked before anything else
    queued | unknown → dead         given up: too old, or refused by carriers too often

`sending` and the carrier are committed before the network is touched. Whoever finds a message in `sending` or
`unknown` asks that carrier by query; the message goes out again only after the carrier says `not_found`, and
not before the carrier's settling time is over, when an answer on its way can no longer turn into a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel import database, vault
from domain.kernel.database import Executor, Record
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from notifications import rendering
from notifications.ports import Carrier, OutgoingSms, QueryOutcome, SubmitOutcome
from notifications.routing import Carriers

ATTEMPTS_MAX = 5
VALID_FOR = timedelta(hours=24)
_RECHECK_AFTER = timedelta(seconds=15)
_CODE_LENGTH_MAX = 40

_MOBILE = re.compile(r"1[3-9][0-9]{9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMessage:
    account_no: int
    message_id: int


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
    """Puts a message on the list in the caller's transaction, once per event and template; the same again
    gives the number of the first. A malformed mobile number is kept as `rejected`, so that it is seen. Raises
    TemplateError."""
    rendered = rendering.render(template=rendering.template(template), variables=variables)
    sealed = vault.current()
    sendable = _MOBILE.fullmatch(mobile) is not None
    message_id = await tx.value(
        """
        INSERT INTO sms_message (account_no, message_id, event_id, template, template_version, lane,
                                 mobile_cipher, text_cipher, parts, state, last_code, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (account_no, event_id, template) DO NOTHING
        RETURNING message_id
        """,
        account_no,
        new_id(),
        event_id,
        template,
        rendered.template.version,
        rendered.template.lane,
        sealed.encrypt(mobile),
        sealed.encrypt(rendered.text),
        rendered.parts,
        "queued" if sendable else "rejected",
        None if sendable else "mobile_malformed",
        now,
    )
    if message_id is None:
        message_id = await tx.value(
            "SELECT message_id FROM sms_message WHERE account_no = $1 AND event_id = $2 AND template = $3",
            account_no,
            event_id,
            template,
        )
    assert isinstance(message_id, int)
    return message_id


async def due_messages(*, now: datetime, limit: int = 100) -> list[DueMessage]:
    """Messages to hand to `send_due`: queued ones, and those without a clear answer for a while. Urgent
    first."""
    found = await database.rows(
        """
        SELECT account_no, message_id FROM sms_message
        WHERE state IN ('queued', 'sending', 'unknown') AND (state = 'queued' OR sent_at < $1)
        ORDER BY CASE lane WHEN 'urgent' THEN 0 WHEN 'business' THEN 1 ELSE 2 END, created_at
        LIMIT $2
        """,
        now - _RECHECK_AFTER,
        limit,
    )
    return [DueMessage(account_no=row["account_no"], message_id=row["message_id"]) for row in found]


async def send_due(*, account_no: int, message_id: int, carriers: Carriers, now: datetime) -> str:
    """Brings one message as far as it gets now and returns its state. Safe to call twice, at once, and after
    a death at any point. Never raises for a carrier's trouble."""
    row = await _load(account_no=account_no, message_id=message_id)
    assert row is not None, f"there is no message {message_id}"
    avoid: frozenset[str] = frozenset()
    if row["state"] in ("sending", "unknown"):
        state = await _resolve(row=row, carriers=carriers, now=now)
        if state != "queued":
            return state
    elif row["state"] != "queued":
        return str(row["state"])
    elif row["carrier"] is not None:
        avoid = frozenset({row["carrier"]})

    if now - row["created_at"] > VALID_FOR:
        return await _give_up(row=row, code="too_old")
    if row["attempts"] >= ATTEMPTS_MAX:
        return await _give_up(row=row, code="too_many_attempts")
    carrier = carriers.pick(now=now, avoid=avoid)
    message = _outgoing(row)
    if not await _claim(row=row, carrier=carrier, now=now):
        current = await _load(account_no=account_no, message_id=message_id)
        assert current is not None
        return str(current["state"])
    outcome = await carrier.submit(message=message, now=now)
    carriers.note(carrier=carrier.name, failed=outcome.status == "unknown" or outcome.elsewhere, now=now)
    return await _record_submission(row=row, attempt=row["attempts"] + 1, outcome=outcome)


def _outgoing(row: Record) -> OutgoingSms:
    sealed = vault.current()
    text = sealed.decrypt(row["text_cipher"])
    used = rendering.template(row["template"], version=row["template_version"])
    return OutgoingSms(
        message_id=row["message_id"],
        mobile=sealed.decrypt(row["mobile_cipher"]),
        text=text,
        parts=row["parts"],
        template=used.code,
        variables=rendering.variables_of(template=used, text=text),
    )


async def _resolve(*, row: Record, carriers: Carriers, now: datetime) -> str:
    """Asks the carrier what became of a submission. `queued` when it may go out again."""
    carrier = carriers.named(row["carrier"])
    if carrier is None:
        return await _record_query(row=row, state="unknown", code="carrier_not_configured", carrier_id=None, at=None)
    outcome = await carrier.query(
        message_id=row["message_id"],
        mobile=vault.current().decrypt(row["mobile_cipher"]),
        sent_on=business_date_of(row["sent_at"]),
        now=now,
    )
    state = _state_after_query(outcome=outcome, carrier=carrier, sent_at=row["sent_at"], now=now)
    if state == "unknown" and now - row["created_at"] > VALID_FOR:
        state = "dead"
    received_at = outcome.received_at or now if state in ("delivered", "rejected") else None
    return await _record_query(row=row, state=state, code=outcome.code, carrier_id=outcome.carrier_id, at=received_at)


def _state_after_query(*, outcome: QueryOutcome, carrier: Carrier, sent_at: datetime, now: datetime) -> str:
    if outcome.status == "not_found":
        settled = now - sent_at >= timedelta(seconds=carrier.settling_seconds)
        return "queued" if settled else "unknown"
    if outcome.status == "failed":
        return "rejected"
    return outcome.status


async def _load(*, account_no: int, message_id: int) -> Record | None:
    return await database.row(
        """
        SELECT account_no, message_id, template, template_version, mobile_cipher, text_cipher, parts, state,
               carrier, attempts, created_at, sent_at
        FROM sms_message WHERE account_no = $1 AND message_id = $2
        """,
        account_no,
        message_id,
    )


async def _claim(*, row: Record, carrier: Carrier, now: datetime) -> bool:
    """Commits `sending` and the carrier. False when somebody else has it."""
    async with database.transaction() as tx:
        claimed = await tx.value(
            """
            UPDATE sms_message SET state = 'sending', carrier = $4, attempts = attempts + 1, sent_at = $5,
                                   carrier_message_id = NULL
            WHERE account_no = $1 AND message_id = $2 AND state = 'queued' AND attempts = $3
            RETURNING message_id
            """,
            row["account_no"],
            row["message_id"],
            row["attempts"],
            carrier.name,
            now,
        )
    return claimed is not None


async def _record_submission(*, row: Record, attempt: int, outcome: SubmitOutcome) -> str:
    """The answer of this attempt; a receipt that came earlier stands."""
    state: str = outcome.status
    if outcome.status == "rejected" and outcome.elsewhere:
        state = "queued" if attempt < ATTEMPTS_MAX else "dead"
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sms_message SET state = $4, last_code = $5, carrier_message_id = $6
            WHERE account_no = $1 AND message_id = $2 AND attempts = $3 AND state IN ('sending', 'unknown')
            """,
            row["account_no"],
            row["message_id"],
            attempt,
            state,
            outcome.code[:_CODE_LENGTH_MAX],
            outcome.carrier_id,
        )
        return await _state_now(tx, row)


async def _record_query(*, row: Record, state: str, code: str, carrier_id: str | None, at: datetime | None) -> str:
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sms_message SET state = $4, last_code = $5,
                                   carrier_message_id = COALESCE($6, carrier_message_id),
                                   receipt_at = COALESCE($7, receipt_at)
            WHERE account_no = $1 AND message_id = $2 AND attempts = $3 AND state IN ('sending', 'unknown')
            """,
            row["account_no"],
            row["message_id"],
            row["attempts"],
            state,
            code[:_CODE_LENGTH_MAX],
            carrier_id,
            at,
        )
        return await _state_now(tx, row)


async def _give_up(*, row: Record, code: str) -> str:
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sms_message SET state = 'dead', last_code = $3
            WHERE account_no = $1 AND message_id = $2 AND state = 'queued'
            """,
            row["account_no"],
            row["message_id"],
            code,
        )
        return await _state_now(tx, row)


async def _state_now(tx: Executor, row: Record) -> str:
    return str(
        await tx.value(
            "SELECT state FROM sms_message WHERE account_no = $1 AND message_id = $2",
            row["account_no"],
            row["message_id"],
        )
    )
