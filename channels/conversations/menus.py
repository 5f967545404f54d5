"""The menu below the conversation, put up on a platform by the supervisor."""

from __future__ import annotations

from datetime import datetime

from channels.conversations.answers import ANSWERS
from channels.conversations.ports import Messengers
from channels.conversations.refusals import MENU_REFUSED
from channels.conversations.words import MANAGE, require
from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.refusal import Refused


async def publish_menu(*, actor: Actor, channel: str, messengers: Messengers, public_url: str, now: datetime) -> None:
    """Raises Refused with the platform's code when it did not take it."""
    require(actor, MANAGE)
    sent = await messengers[channel].set_menu(menu=ANSWERS.menu, public_url=public_url, now=now)
    await audit.record(
        None,
        actor=actor,
        action="conversation.menu_published",
        subject=f"channel:{channel}",
        outcome="done" if sent.status == "sent" else "failed",
        now=now,
        detail={"code": sent.code},
    )
    if sent.status != "sent":
        raise Refused(MENU_REFUSED(code=sent.code))
