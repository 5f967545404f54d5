"""Who read my record, and whom I let act for me."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

import strawberry

from auth.grants import Delegation as DelegationView
from auth.grants import DelegationOffer as OfferView
from domain import catalogue
from domain.contributions import AccessView
from schema.guards import CITIZEN_SELF, shown
from schema.types.errors import UserError

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
_INNER = {"backoffice": "业务平台", "partner": "第三方"}


@strawberry.type(description="查阅记录 · one time that somebody read the caller's record")
class RecordAccess:
    at: datetime = shown(CITIZEN_SELF, "查阅时间 · when")
    reader: str = shown(CITIZEN_SELF, "查阅人 · who: a post of the centre, or a third party by its name")
    channel_name: str = shown(CITIZEN_SELF, "渠道 · where they read it")
    purpose: str = shown(CITIZEN_SELF, "用途 · what for")
    what: list[str] = shown(CITIZEN_SELF, "查阅内容 · what was read")
    case_no: str | None = shown(CITIZEN_SELF, "办件编号 · the case that it was read for")

    @classmethod
    def of(cls, view: AccessView) -> Self:
        kind, _, number = view.subject.partition(":")
        return cls(
            at=view.at,
            reader=view.reader_title,
            channel_name=catalogue.channels().get(view.channel) or _INNER.get(view.channel, view.channel),
            purpose=view.purpose,
            what=list(view.what),
            case_no=number if kind == "case" else None,
        )


@strawberry.type(description="委托 · a delegation that the caller has given to a third party")
class Delegation:
    reference: str = shown(CITIZEN_SELF, "委托编号 · what the third party quotes")
    party_name: str = shown(CITIZEN_SELF, "受托方 · the third party")
    purpose_text: str = shown(CITIZEN_SELF, "用途 · what for")
    may_change: bool = shown(CITIZEN_SELF, "可否代为办理 · whether it may act, or only read")
    given_at: datetime = shown(CITIZEN_SELF, "委托时间 · when it was given")
    ends_at: datetime = shown(CITIZEN_SELF, "截止时间 · when it ends")
    revoked_at: datetime | None = shown(CITIZEN_SELF, "撤回时间 · when it was taken back")

    @classmethod
    def of(cls, view: DelegationView) -> Self:
        return cls(
            reference=view.reference,
            party_name=view.party_name,
            purpose_text=view.purpose_text,
            may_change=view.may_change,
            given_at=view.given_at,
            ends_at=view.ends_at,
            revoked_at=view.revoked_at,
        )


@strawberry.type(description="可委托事项 · what a third party may be delegated for")
class DelegationOffer:
    party: str = shown(CITIZEN_SELF, "第三方代码 · code of the third party")
    party_name: str = shown(CITIZEN_SELF, "第三方名称 · its name")
    purpose: str = shown(CITIZEN_SELF, "用途代码 · code of the purpose")
    purpose_text: str = shown(CITIZEN_SELF, "用途 · what for")
    reads: list[str] = shown(CITIZEN_SELF, "查阅内容 · what it would read")
    changes: bool = shown(CITIZEN_SELF, "是否含办理 · whether the grant holds anything that changes data")

    @classmethod
    def of(cls, view: OfferView) -> Self:
        return cls(
            party=view.party,
            party_name=view.party_name,
            purpose=view.purpose,
            purpose_text=view.purpose_text,
            reads=list(view.reads),
            changes=view.changes,
        )


@strawberry.input(description="委托第三方 · let a third party act for the caller")
class GiveDelegationInput:
    party: str = strawberry.field(description="第三方代码 · code of the third party")
    purpose: str = strawberry.field(description="用途代码 · code of the purpose")
    may_change: bool = strawberry.field(default=False, description="可否代为办理 · whether it may act, or only read")
    ends_on: date = strawberry.field(description="截止日期 · the last day, at most a year from now")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="撤回委托 · take a delegation back; its tokens end at once")
class RevokeDelegationInput:
    reference: str = strawberry.field(description="委托编号 · its reference")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.type
class DelegationPayload:
    delegation: Delegation | None = shown(CITIZEN_SELF, "委托 · as it now stands; null when refused")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def of(cls, view: DelegationView) -> Self:
        return cls(delegation=Delegation.of(view), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(delegation=None, user_errors=errors)


@strawberry.type(description="委托结果 · answer to a delegation")
class GiveDelegationPayload(DelegationPayload):
    pass


@strawberry.type(description="撤回委托结果 · answer to taking a delegation back")
class RevokeDelegationPayload(DelegationPayload):
    pass
