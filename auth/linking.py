"""Accounts of mini-program platforms as identities of a person: linked with the real name in hand, then enough to log
in with until the name has to be proved again.

A link is made in one request that carries both proofs: an access token of a login with the real name, and a fresh code
of the platform. So nobody can slip their own account under another person's login by sending them an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from auth import identity_events, limits, sessions
from auth.mini_ports import MiniProgram, PlatformAccount
from auth.ports import IdentityRejected
from auth.refusals import (
    IDENTITY_LAST,
    IDENTITY_OTHERS,
    IDENTITY_UNEXPECTED,
    IDENTITY_UNKNOWN,
    IDENTITY_UNLINKED,
    LOGIN_CHANNEL_UNKNOWN,
    LOGIN_REJECTED,
)
from auth.sessions import OpenedSession
from domain import policy
from domain.kernel import audit, database
from domain.kernel.actor import ANONYMOUS, Actor, Assurance
from domain.kernel.database import Record
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refusal, Refused

MiniPrograms = Mapping[str, MiniProgram]
"""By channel: jingtong_wechat, jingtong_alipay, jingtong_baidu, official_account."""

PROVIDER_NAMES = {
    "beijing_unified_identity": "北京市统一身份认证",
    "beijing_legal_person": "法人统一认证",
    "wechat": "微信小程序",
    "wechat_official": "微信公众号",
    "alipay": "支付宝小程序",
    "baidu": "百度小程序",
}
_LINKABLE = ("wechat", "wechat_official", "alipay", "baidu")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """`name` of the provider for people; `removable` unless it proves the real name itself."""

    provider: str
    subject: str
    name: str
    linked_at: datetime
    last_used_at: datetime
    confirmed_at: datetime | None

    @property
    def key(self) -> str:
        """What clients name it by: the platform's own name for the person is nobody's business."""
        return sm3_hex(f"{self.provider}:{self.subject}".encode())[:32]

    @property
    def removable(self) -> bool:
        return self.provider in _LINKABLE


async def log_in(
    *, channel: str, code: str, programs: MiniPrograms, device: str, address: str, now: datetime
) -> OpenedSession:
    """Opens a session for the person of the platform's account. Its level is the real name while the link was confirmed
    not too long ago, and after that only that of a password: enough to see nothing personal. Raises Refused
    (`login.identity_unlinked` tells the client to log in with the real name and link), PartnerFailure."""
    account = await _account(channel=channel, code=code, programs=programs, address=address, now=now)
    row = await _link_of(account)
    if row is None:
        await _refuse(IDENTITY_UNLINKED(), channel=channel, reason="unlinked", now=now)
    days = int(policy.on(business_date_of(now)).number("identity.confirmation_days"))
    fresh = row["confirmed_at"] is not None and now - row["confirmed_at"] < timedelta(days=days)
    assurance: Assurance = "real_name" if fresh else "password"
    try:
        session = await sessions.open_session(
            holder="citizen",
            identity=row["person_id"],
            channel=channel,
            assurance=assurance,
            device=device,
            proved=False,
            now=now,
        )
    except Refused as refused:
        await _refuse(refused.refusals[0], channel=channel, reason=refused.refusals[0].code, now=now)
    await database.execute(
        "UPDATE identity_link SET last_used_at = $3, union_subject = coalesce($4, union_subject)"
        " WHERE provider = $1 AND subject = $2",
        row["provider"],
        row["subject"],
        now,
        account.union_subject,
    )
    await audit.record(
        None,
        actor=Actor(
            kind="citizen",
            channel=channel,
            person_id=row["person_id"],
            session_id=session.session_id,
            assurance=assurance,
        ),
        action="login.succeeded",
        subject=f"person:{row['person_id']}",
        now=now,
        detail={"provider": account.provider, "assurance": assurance},
    )
    return session


async def link(
    *,
    actor: Actor,
    channel: str,
    code: str,
    programs: MiniPrograms,
    address: str,
    now: datetime,
    subject: str | None = None,
) -> None:
    """Ties the platform's account to the citizen, or confirms the tie. Raises Refused when it is another's, and when
    it is not the account `subject` that was expected."""
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name or actor.session_id is None:
        raise Refused(REAL_NAME_REQUIRED())
    proved = await database.value(
        "SELECT 1 FROM login_session s WHERE s.session_id = $1 AND s.proved", actor.session_id
    )
    if proved is None:
        # a linked account cannot vouch for another one
        raise Refused(REAL_NAME_REQUIRED())
    account = await _account(channel=channel, code=code, programs=programs, address=address, now=now)
    if subject is not None and account.subject != subject:
        await _refuse(IDENTITY_UNEXPECTED(), channel=channel, reason="another_account", now=now)
    async with database.transaction() as tx:
        owner = await tx.value(
            "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at, union_subject,"
            " confirmed_at) VALUES ($1, $2, $3, $4, $4, $5, $4) ON CONFLICT (provider, subject) DO UPDATE"
            " SET last_used_at = $4, confirmed_at = $4, union_subject = coalesce($5, identity_link.union_subject)"
            " WHERE identity_link.person_id = $3 RETURNING person_id",
            account.provider,
            account.subject,
            actor.person_id,
            now,
            account.union_subject,
        )
        if owner is not None:
            await identity_events.record(
                tx, person_id=actor.person_id, kind="linked", provider=account.provider, actor=actor, now=now
            )
            await audit.record(
                tx,
                actor=actor,
                action="identity.linked",
                subject=f"person:{actor.person_id}",
                now=now,
                detail={"provider": account.provider},
            )
    if owner is None:
        await audit.record(
            None,
            actor=actor,
            action="identity.linked",
            subject=f"person:{actor.person_id}",
            outcome="refused",
            now=now,
            detail={"provider": account.provider, "reason": "another_person"},
        )
        raise Refused(IDENTITY_OTHERS())


async def identities_of(*, person_id: int) -> list[LinkedIdentity]:
    rows = await database.rows(
        "SELECT * FROM identity_link WHERE person_id = $1 ORDER BY linked_at, provider", person_id
    )
    return [
        LinkedIdentity(
            provider=row["provider"],
            subject=row["subject"],
            name=PROVIDER_NAMES.get(row["provider"], row["provider"]),
            linked_at=row["linked_at"],
            last_used_at=row["last_used_at"],
            confirmed_at=row["confirmed_at"],
        )
        for row in rows
    ]


async def unlink(*, actor: Actor, key: str, now: datetime) -> None:
    """Takes a linked account of the actor's own away, and ends the sessions that linked accounts opened. Raises
    Refused."""
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    found = [one for one in await identities_of(person_id=actor.person_id) if one.key == key]
    if not found:
        raise Refused(IDENTITY_UNKNOWN())
    provider, subject = found[0].provider, found[0].subject
    if not found[0].removable:
        raise Refused(IDENTITY_LAST())
    async with database.transaction() as tx:
        gone = await tx.value(
            "DELETE FROM identity_link WHERE provider = $1 AND subject = $2 AND person_id = $3 RETURNING person_id",
            provider,
            subject,
            actor.person_id,
        )
        if gone is None:
            raise Refused(IDENTITY_UNKNOWN())
        await identity_events.record(
            tx, person_id=actor.person_id, kind="unlinked", provider=provider, actor=actor, now=now
        )
        await audit.record(
            tx,
            actor=actor,
            action="identity.unlinked",
            subject=f"person:{actor.person_id}",
            now=now,
            detail={"provider": provider},
        )
    # whoever holds that account may hold a session on its channel
    rows = await database.rows(
        "SELECT session_id FROM login_session WHERE person_id = $1 AND revoked_at IS NULL AND NOT proved"
        " AND session_id IS DISTINCT FROM $2",
        actor.person_id,
        actor.session_id,
    )
    for row in rows:
        await sessions.end_session(session_id=row["session_id"], actor=actor, reason="identity_unlinked", now=now)


async def _account(*, channel: str, code: str, programs: MiniPrograms, address: str, now: datetime) -> PlatformAccount:
    program = programs.get(channel)
    if program is None:
        raise Refused(LOGIN_CHANNEL_UNKNOWN())
    await limits.require("mini_program.codes", key=address, channel=channel, now=now)
    try:
        return await program.account_of(code=code, now=now)
    except IdentityRejected as rejected:
        await limits.count("mini_program.codes", key=address, channel=channel, now=now)
        await _refuse(LOGIN_REJECTED(), channel=channel, reason=rejected.code, now=now)


async def _link_of(account: PlatformAccount) -> Record | None:
    """By the account itself, else by the platform's name for the same person in another application of ours."""
    row = await database.row(
        "SELECT * FROM identity_link WHERE provider = $1 AND subject = $2", account.provider, account.subject
    )
    if row is None and account.union_subject is not None:
        row = await database.row(
            "SELECT * FROM identity_link WHERE union_subject = $1 ORDER BY linked_at LIMIT 1", account.union_subject
        )
    return row


async def _refuse(refusal: Refusal, *, channel: str, reason: str, now: datetime) -> NoReturn:
    await audit.record(
        None,
        actor=replace(ANONYMOUS, channel=channel),
        action="login.refused",
        subject="citizen",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(refusal)
