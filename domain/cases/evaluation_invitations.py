"""Evaluating without a login: the pad at a window, a QR code, a kiosk, the reply to an SMS.

What the applicant holds is a one-time code, or for the SMS the number that the invitation went to. Only its blind index
is kept. An invitation opens one evaluation of one case on one 评价渠道 and nothing else.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from domain import policy
from domain.cases.evaluation_port import Terminal
from domain.cases.evaluation_rules import Opinion
from domain.cases.evaluations import give
from domain.cases.queries import QUEUE_ROLES
from domain.cases.refusals import EVALUATION_CHANNEL, EVALUATION_NOT_OPEN, INVITATION_UNKNOWN
from domain.cases.served import Served, served_by_key, served_by_no
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

BY_CODE = ("qr_code", "hall_tablet", "other_terminal")
# without letters that are mistaken for others when they are read from a screen
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 12
_REPLY = re.compile(r"\s*([1-5])(?!\.?[0-9])\s*[,，.。;；、:：\s]?\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`code` is shown once and kept nowhere."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What an invitation is about, for the page that asks: no personal data."""

    item_name: str
    case_no: str
    terminal: str


async def invite(*, actor: Actor, case_no: str, terminal: str, window_no: str = "", now: datetime) -> Invitation:
    """A code for the pad or the QR code beside it, made by staff for a case that has ended."""
    if not actor.has_role(*QUEUE_ROLES):
        raise Refused(NOT_PERMITTED())
    case = await served_by_no(actor=actor, case_no=case_no)
    if terminal not in BY_CODE:
        raise Refused(EVALUATION_CHANNEL())
    if not case.was_served:
        raise Refused(EVALUATION_NOT_OPEN())
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    days = policy.on(business_date_of(now)).number("evaluation.window_days")
    expires_at = now + timedelta(days=days)
    async with transaction() as tx:
        await _keep(
            tx,
            case=case,
            terminal=terminal,
            window_no=window_no.strip()[:20],
            secret=_code_secret(code),
            invited_by=actor.reference,
            expires_at=expires_at,
            now=now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="evaluation.invited",
            subject=f"case:{case_no}",
            now=now,
            detail={"terminal": terminal},
        )
    return Invitation(code=code, expires_at=expires_at)


async def invite_by_sms(tx: Transaction, *, case: Served, mobile: str, now: datetime) -> None:
    """Lets the number that the invitation is sent to answer it with a digit. In the transaction that sends it."""
    days = policy.on(business_date_of(now)).number("evaluation.sms_reply_days")
    await _keep(
        tx,
        case=case,
        terminal="sms",
        window_no="",
        secret=_mobile_secret(mobile),
        invited_by="system",
        expires_at=now + timedelta(days=days),
        now=now,
    )


async def invited(*, code: str, now: datetime) -> Invited:
    """Raises Refused in one sentence for a code that is wrong, used or too old."""
    row = await _open(secret=_code_secret(code), terminals=BY_CODE, now=now)
    case = await served_by_key(account_no=row["account_no"], case_id=row["case_id"])
    return Invited(item_name=case.item_name, case_no=case.case_no, terminal=row["terminal"])


async def evaluate_by_code(*, actor: Actor, code: str, opinion: Opinion, request_key: str, now: datetime) -> str:
    """Uses the invitation and returns the evaluation's number; the same request answers the same."""
    places = await _places(_code_secret(code))
    if not places:
        raise Refused(INVITATION_UNKNOWN())
    account_no = places[0]["account_no"]
    given = {"code": _code_secret(code), "grade": opinion.grade, "tags": list(opinion.tags)}
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=account_no,
            request_key=request_key,
            operation="evaluate_by_code",
            given={**given, "comment": opinion.comment},
            now=now,
        )
        if done is not None:
            return str(done["evaluation_no"])
        row = await _open(secret=_code_secret(code), terminals=BY_CODE, now=now, using=tx)
        number = await _use(tx, actor=actor, row=row, opinion=opinion, now=now)
        await idempotency.finish(
            tx, actor=actor, account_no=account_no, request_key=request_key, result={"evaluation_no": number}
        )
    return number


async def evaluate_by_sms(*, mobile: str, text: str, now: datetime) -> str | None:
    """The reply of a number to its newest open invitation: a digit from 1 to 5, perhaps words behind it. None when the
    text is no evaluation or nothing is open: a reply is never guessed into a grade."""
    found = _REPLY.fullmatch(text)
    if found is None:
        return None
    try:
        row = await _open(secret=_mobile_secret(mobile), terminals=("sms",), now=now)
    except Refused:
        return None
    opinion = Opinion(grade=int(found[1]), comment=found[2].strip()[:500])
    actor = Actor(kind="service", channel="sms", name="短信回复")
    async with transaction() as tx:
        return await _use(tx, actor=actor, row=row, opinion=opinion, now=now)


async def _use(tx: Transaction, *, actor: Actor, row: Record, opinion: Opinion, now: datetime) -> str:
    case = await served_by_key(account_no=row["account_no"], case_id=row["case_id"], using=tx)
    used = await tx.execute(
        "UPDATE evaluation_invitation SET used_at = $3"
        " WHERE account_no = $1 AND invitation_id = $2 AND used_at IS NULL",
        row["account_no"],
        row["invitation_id"],
        now,
    )
    if not used.endswith(" 1"):
        raise Refused(INVITATION_UNKNOWN())
    return await give(
        tx,
        actor=actor,
        case=case,
        opinion=opinion,
        terminal=cast(Terminal, row["terminal"]),
        window_no=row["window_no"],
        now=now,
    )


async def _keep(
    tx: Transaction,
    *,
    case: Served,
    terminal: str,
    window_no: str,
    secret: str,
    invited_by: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    invitation_id = new_id()
    await tx.execute(
        "INSERT INTO evaluation_invitation (account_no, invitation_id, case_id, terminal, window_no, invited_by,"
        " invited_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        case.account_no,
        invitation_id,
        case.case_id,
        terminal,
        window_no,
        invited_by,
        now,
        expires_at,
    )
    await tx.execute(
        "INSERT INTO evaluation_invitation_lookup (secret_index, invitation_id, account_no, invited_at)"
        " VALUES ($1, $2, $3, $4)",
        vault.current().blind_index(secret),
        invitation_id,
        case.account_no,
        now,
    )


async def _open(*, secret: str, terminals: tuple[str, ...], now: datetime, using: Executor = database.pool) -> Record:
    """The newest open invitation behind a secret, found in two steps."""
    for place in await _places(secret, using=using):
        row = await using.row(
            "SELECT * FROM evaluation_invitation WHERE account_no = $1 AND invitation_id = $2"
            " AND used_at IS NULL AND expires_at > $3 AND terminal = ANY ($4)",
            place["account_no"],
            place["invitation_id"],
            now,
            list(terminals),
        )
        if row is not None:
            return row
    raise Refused(INVITATION_UNKNOWN())


async def _places(secret: str, *, using: Executor = database.pool) -> list[Record]:
    return await using.rows(
        "SELECT account_no, invitation_id FROM evaluation_invitation_lookup WHERE secret_index = ANY($1)"
        " ORDER BY invited_at DESC, invitation_id DESC LIMIT 20",
        vault.current().blind_indexes(secret),
    )


def _code_secret(code: str) -> str:
    """What the blind index of a code is made of."""
    return f"evaluation-code:{code.strip().upper()}"


def _mobile_secret(mobile: str) -> str:
    return f"evaluation-mobile:{mobile.strip()}"
