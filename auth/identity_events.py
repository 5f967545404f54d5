"""The history of a person's identities: linked, confirmed, taken away, renamed, merged, intervened in.

Readable by the person themselves; the audit trail has the same and more for auditors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id

KIND_NAMES = {
    "linked": "关联登录账号",
    "confirmed": "实名核验",
    "unlinked": "解除关联",
    "renamed": "姓名变更",
    "document": "证件变更",
    "merged": "登记合并",
    "suspend": "暂停登录",
    "prove_again": "要求重新实名",
    "reset": "解除全部关联账号",
    "restored": "恢复登录",
    "not_me": "本人否认变更",
    "signed_out_everywhere": "退出全部设备",
}
SHOWN_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvent:
    at: datetime
    kind: str
    provider: str
    channel: str

    @property
    def kind_name(self) -> str:
        return KIND_NAMES.get(self.kind, self.kind)


async def record(
    executor: Executor,
    *,
    person_id: int,
    kind: str,
    actor: Actor,
    now: datetime,
    provider: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    assert kind in KIND_NAMES, f"identity event {kind} has no name"
    await executor.execute(
        "INSERT INTO identity_event (person_id, event_id, at, kind, provider, channel, actor, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        person_id,
        new_id(),
        now,
        kind,
        provider,
        actor.channel,
        actor.reference,
        plain(detail or {}),
    )


async def events_of(*, person_id: int) -> list[IdentityEvent]:
    """The newest first."""
    rows = await database.rows(
        "SELECT at, kind, provider, channel FROM identity_event WHERE person_id = $1"
        " ORDER BY at DESC, event_id DESC LIMIT $2",
        person_id,
        SHOWN_MAX,
    )
    return [
        IdentityEvent(at=row["at"], kind=row["kind"], provider=row["provider"], channel=row["channel"]) for row in rows
    ]
