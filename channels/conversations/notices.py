"""订阅通知: the same events that send an SMS, told on the platforms to whom accepted it there.

The platform's own dialog is the person's choice; each acceptance is good for one notice, and is used up in the
transaction that queues it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from channels.conversations.desk import PROVIDERS
from channels.conversations.outgoing import enqueue_notice
from channels.conversations.ports import Notice
from domain.kernel.database import Transaction
from domain.kernel.dates import SHANGHAI
from domain.kernel.declared import DeclarationError, read

FILE = Path(__file__).with_name("notices.yaml")
LENGTHS = {"thing": 20, "phrase": 5, "character_string": 32, "time": 24, "amount": 16, "keyword": 30}
"""By the kind of a platform's field: characters that it takes."""

TemplateIds = Mapping[str, Mapping[str, str]]
"""By channel, the platform's template ids by our names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    name: str
    page: str
    events: Mapping[str, str]
    instead_of_sms: Sequence[str]
    fields: Mapping[str, str]


def read_notices(data: Any) -> Mapping[str, Declared]:
    """Raises DeclarationError naming every problem."""
    notices = {name: Declared(**declared) for name, declared in data.items()}
    problems = []
    for name, one in notices.items():
        problems += [f"{name}: field {field} is of no known kind" for field in one.fields if _kind(field) is None]
        problems += [f"{name}: {event} in more than five characters" for event, s in one.events.items() if len(s) > 5]
        problems += [f"{name}: {event} is no event of it" for event in one.instead_of_sms if event not in one.events]
        if not one.page.startswith("/"):
            problems.append(f"{name}: {one.page} is no page of ours")
    if problems:
        raise DeclarationError(file=FILE.name, problems=problems)
    return MappingProxyType(notices)


async def notify(
    tx: Transaction,
    *,
    person_id: int,
    event: str,
    variables: Mapping[str, str],
    template_ids: TemplateIds,
    otherwise: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Queues the notice of an event for each account of the person that accepted it. True when that takes the place of
    the SMS: then `otherwise` says what has to be sent if the first notice is not taken."""
    instead = False
    for name, declared in NOTICES.items():
        if event not in declared.events:
            continue
        for channel, ids in template_ids.items():
            if name not in ids:
                continue
            links = await tx.rows(
                "SELECT subject FROM identity_link WHERE person_id = $1 AND provider = $2",
                person_id,
                PROVIDERS[channel],
            )
            for link in links:
                notice = Notice(
                    template=ids[name],
                    values=_values(declared, event=event, variables=variables, now=now),
                    page=declared.page,
                )
                replaces = event in declared.instead_of_sms and not instead
                if await _permitted(
                    tx, channel=channel, subject=link["subject"], notice=notice,
                    otherwise=otherwise if replaces else None, now=now,
                ):  # fmt: skip
                    instead = instead or replaces
    return instead


async def _permitted(
    tx: Transaction, *, channel: str, subject: str, notice: Notice, otherwise: Mapping[str, Any] | None, now: datetime
) -> bool:
    used = await tx.value(
        "UPDATE notice_permission SET remaining = remaining - 1, changed_at = $4 WHERE channel = $1 AND subject = $2"
        " AND template = $3 AND remaining > 0 RETURNING remaining",
        channel,
        subject,
        notice.template,
        now,
    )
    if used is None:
        return False
    await enqueue_notice(tx, channel=channel, subject=subject, notice=notice, otherwise=otherwise, now=now)
    return True


def _values(declared: Declared, *, event: str, variables: Mapping[str, str], now: datetime) -> dict[str, str]:
    local = now.astimezone(SHANGHAI)
    own = {"@state": declared.events[event], "@at": f"{local:%Y-%m-%d %H:%M}"}
    return {
        field: (own.get(source) or variables.get(source, "—"))[: LENGTHS[_kind(field) or "thing"]]
        for field, source in declared.fields.items()
    }


def _kind(field: str) -> str | None:
    kind = field.rstrip("0123456789")
    return kind if kind in LENGTHS else None


NOTICES = read_notices(read(FILE))
