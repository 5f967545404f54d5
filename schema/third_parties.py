"""What a third party may run, and a citizen at its kiosk: registered documents, within its grant. Asked after the gate
has let them in."""

from __future__ import annotations

from datetime import datetime

from auth import kiosks
from auth.grants import admitting, usage
from auth.kiosks import Granted
from domain.kernel import access, audit
from domain.kernel.actor import Actor
from schema.admission import TOO_MANY_REQUESTS
from schema.faults import FORBIDDEN, RequestError
from schema.requests import Operation

NOT_GRANTED = "DOCUMENT_NOT_GRANTED"
FIELDS_NOT_GRANTED = "FIELDS_NOT_GRANTED"
DELEGATION_MISSING = "DELEGATION_MISSING"

_AT_KIOSK = "本终端没有开通这项服务，请使用其他终端或网上渠道，或到柜台办理。"
_QUOTA = "本终端今日的办理次数已用完，请明日再来，或使用其他终端、网上渠道。"
_ANSWERS = {
    "document": (NOT_GRANTED, "授权不包含此文档，请使用授权内的文档，或申请补充授权。"),
    "fields": (FIELDS_NOT_GRANTED, "此文档读取的内容超出授权的字段范围，请改用授权内的版本，或申请补充授权。"),
    "delegation": (DELEGATION_MISSING, "此授权须代表委托人调用，请凭委托编号重新取得访问凭证。"),
    "delegation_read_only": (DELEGATION_MISSING, "委托人只允许查询，不能代为办理，请委托人重新办理委托。"),
}


async def require_granted(operation: Operation, *, actor: Actor, now: datetime) -> None:
    """Raises RequestError for what the grant does not cover; the audit trail and the party's counters know of it."""
    assert actor.partnership is not None and operation.trusted is not None, "third parties run registered documents"
    excess = admitting.excess_of(
        actor, document_id=operation.trusted.document_id, changes=operation.trusted.kind == "mutation"
    )
    if excess is None and actor.partnership.sandbox and operation.is_subscription:
        excess = ("document", operation.trusted.document_id)
    if excess is None:
        await _note_read(operation, actor=actor, now=now)
        return
    kind, about = excess
    await usage.count(grant_id=actor.partnership.grant_id, what="refused", now=now)
    await admitting.tell_refusal(actor, reason=kind, now=now, about=about)
    code, sentence = _ANSWERS[kind]
    raise RequestError(sentence, code=code, status=403, reason=FORBIDDEN)


async def _note_read(operation: Operation, *, actor: Actor, now: datetime) -> None:
    """What is read of the person whom the party stands for is for that person to see."""
    grant = admitting.grant_of(actor)
    assert operation.trusted is not None and grant is not None
    if actor.person_id is None or operation.trusted.public:
        return
    await access.record_read(
        None,
        actor=actor,
        person_id=actor.person_id,
        purpose=grant.purpose_text,
        what=grant.words[operation.trusted.document_id],
        subject=f"grant:{grant.grant_id}",
        now=now,
    )


async def require_at_kiosk(operation: Operation, *, granted: Granted, actor: Actor, now: datetime) -> None:
    """A citizen at a third party's kiosk does what its owner was granted, and what is for everybody. Raises
    RequestError; the audit trail knows of it."""
    trusted = operation.trusted
    assert trusted is not None, "at a third party's kiosk only registered documents run"
    if trusted.public:
        return
    if trusted.document_id not in granted.documents:
        reason, error = "document", RequestError(_AT_KIOSK, code=NOT_GRANTED, status=403, reason=FORBIDDEN)
    elif not await kiosks.spend_call(granted=granted, document_id=trusted.document_id, now=now):
        reason, error = "quota", RequestError(_QUOTA, code=TOO_MANY_REQUESTS, status=429, reason="quota")
    else:
        return
    await audit.record(
        None,
        actor=actor,
        action="grant.exceeded",
        subject=f"document:{trusted.document_id.removeprefix('sha256:')[:16]}",
        outcome="refused",
        now=now,
        detail={"reason": reason, "at": "kiosk"},
    )
    raise error
