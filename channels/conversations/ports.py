"""What conversations ask of a platform, and what a platform's message becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from channels.conversations.answers import Entry

PERMITTED, REJECTED = "permitted", "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came from an account of a platform. `key` is the platform's number of it.

    kind    text     words                      other   something that we cannot read: `text` says what
            event    `event` is subscribe, unsubscribe, click, view or scan; `text` the key or scene
            choice   which notices may be sent, by template                 unused  an event that has no use here
    """

    kind: Literal["text", "other", "event", "choice", "unused"]
    subject: str
    key: str
    text: str = field(default="", repr=False)
    event: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def essence(self) -> bytes:
        """What must be equal when it is told again."""
        chosen = ",".join(f"{template}={self.choices[template]}" for template in sorted(self.choices))
        return "\n".join((self.kind, self.event, self.text, chosen)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """`later`: surely not sent, may be tried again. `refused`: the platform's no. `unknown`: perhaps sent, and it
    cannot be asked."""

    status: Literal["sent", "later", "refused", "unknown"]
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice by the platform's template. `values` by the template's own field names, without markup; `page` is one
    of ours."""

    template: str
    values: Mapping[str, str]
    page: str


class Notifier(Protocol):
    """An application of ours that can tell the notices which its users accepted. Never raises for the platform's
    trouble."""

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent: ...


class Messenger(Notifier, Protocol):
    """Our account on one platform."""

    async def send_text(self, *, subject: str, text: str, now: datetime) -> Sent: ...

    async def set_menu(self, *, menu: Sequence[Entry], public_url: str, now: datetime) -> Sent: ...


Messengers = Mapping[str, Messenger]
"""By channel: wechat_messages, alipay_messages."""

Notifiers = Mapping[str, Notifier]
"""By channel: jingtong_wechat, jingtong_alipay, jingtong_baidu."""
