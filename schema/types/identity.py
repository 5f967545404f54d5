"""Where and how a person is logged in: devices, linked accounts, their history, and changes that cool off."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from auth.devices import Device
from auth.identity_events import IdentityEvent as Happened
from auth.linking import LinkedIdentity as Linked
from auth.phones import AskedCode
from domain import catalogue
from domain.contributions import SensitiveChange as Changed
from schema.guards import PERSON, SELF, shown
from schema.types.errors import UserError
from schema.types.nodes import global_id, key_of, number_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`"


@strawberry.type(description="登录设备 · one open login of the caller's")
class LoginDevice:
    id: strawberry.ID = shown(PERSON, "全局编号 · global id")
    channel: str = shown(PERSON, "渠道 · channel")
    channel_name: str = shown(PERSON, "渠道名称 · channel in words")
    device: str = shown(PERSON, "设备说明 · what the device says of itself")
    assurance: str = shown(PERSON, "认证级别 · level of login")
    employer_no: str | None = shown(PERSON, "所代表单位 · employer acted for there")
    signed_in_at: datetime = shown(PERSON, "登录时间 · since when")
    last_seen_at: datetime = shown(PERSON, "最近使用时间 · last use")
    current: bool = shown(PERSON, "是否本设备 · whether it is the one of this request")

    @classmethod
    def of(cls, device: Device) -> LoginDevice:
        return cls(
            id=strawberry.ID(global_id("Device", device.session_id)),
            channel=device.channel,
            channel_name=catalogue.channels().get(device.channel, device.channel),
            device=device.device,
            assurance=device.assurance,
            employer_no=None if device.employer_no is None else str(device.employer_no),
            signed_in_at=device.signed_in_at,
            last_seen_at=device.last_seen_at,
            current=device.current,
        )


@strawberry.type(description="登录账号 · an account by which the caller is known")
class LinkedIdentity:
    id: strawberry.ID = shown(SELF, "全局编号 · global id")
    provider: str = shown(SELF, "平台代码 · code of the platform")
    name: str = shown(SELF, "平台名称 · name of the platform")
    linked_at: datetime = shown(SELF, "关联时间 · since when")
    last_used_at: datetime = shown(SELF, "最近使用时间 · last use")
    confirmed_at: datetime | None = shown(SELF, "最近实名核验时间 · when the real name was last proved with it")
    removable: bool = shown(SELF, "可否解除关联 · whether it can be taken away")

    @classmethod
    def of(cls, linked: Linked) -> LinkedIdentity:
        return cls(
            id=strawberry.ID(global_id("Identity", linked.key)),
            provider=linked.provider,
            name=linked.name,
            linked_at=linked.linked_at,
            last_used_at=linked.last_used_at,
            confirmed_at=linked.confirmed_at,
            removable=linked.removable,
        )


@strawberry.type(description="身份变动记录 · what happened to the caller's identities")
class IdentityEvent:
    at: datetime = shown(SELF, "时间 · when")
    kind: str = shown(SELF, "种类代码 · code of the kind")
    kind_name: str = shown(SELF, "种类 · kind")
    provider: str = shown(SELF, "平台代码 · code of the platform; empty where none had a part")
    channel: str = shown(SELF, "渠道 · channel")

    @classmethod
    def of(cls, event: Happened) -> IdentityEvent:
        return cls(
            at=event.at, kind=event.kind, kind_name=event.kind_name, provider=event.provider, channel=event.channel
        )


@strawberry.type(description="冷静期内的变更 · a change of phone or payee that has not cooled off")
class SensitiveChange:
    kind: str = shown(SELF, "种类代码 · phone or payee")
    kind_name: str = shown(SELF, "种类 · kind")
    made_at: datetime = shown(SELF, "变更时间 · when")
    cools_until: datetime = shown(SELF, "冷静期截止时间 · until when more is asked for")
    before_masked: str = shown(SELF, "变更前（脱敏）· before, masked")
    after_masked: str = shown(SELF, "变更后（脱敏）· after, masked")

    @classmethod
    def of(cls, change: Changed) -> SensitiveChange:
        return cls(
            kind=change.kind,
            kind_name=change.name,
            made_at=change.made_at,
            cools_until=change.cools_until,
            before_masked=change.before_masked,
            after_masked=change.after_masked,
        )


@strawberry.input(description="退出一台设备 · log out on one device")
class SignOutDeviceInput:
    id: strawberry.ID = strawberry.field(description="设备全局编号 · global id of the device")
    request_key: str = strawberry.field(description=_KEY)

    def session_id(self) -> int:
        return number_of(self.id, kind="Device", field="id")


@strawberry.input(description="退出全部设备 · log out everywhere")
class SignOutEverywhereInput:
    keep_this: bool = strawberry.field(default=True, description="保留本设备 · stay logged in here")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="解除关联 · take a linked account away")
class UnlinkIdentityInput:
    id: strawberry.ID = strawberry.field(description="账号全局编号 · global id of the linked account")
    request_key: str = strawberry.field(description=_KEY)

    def key(self) -> str:
        return key_of(self.id, kind="Identity", field="id")


@strawberry.input(description="获取手机验证码 · have a code sent to a new phone")
class SendPhoneCodeInput:
    mobile: str = strawberry.field(description="新手机号码 · new mobile number")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="变更手机号码 · change the phone that messages go to")
class ChangeMobileInput:
    mobile: str = strawberry.field(description="新手机号码 · new mobile number")
    code: str = strawberry.field(description="验证码 · code that `sendPhoneCode` sent to it")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="选择收款银行卡 · choose the card that money goes to")
class ChoosePayeeCardInput:
    card_id: strawberry.ID = strawberry.field(description="银行卡全局编号 · global id of the card")
    request_key: str = strawberry.field(description=_KEY)

    def card_key(self) -> int:
        return number_of(self.card_id, kind="Card", field="cardId")


@strawberry.type(description="登录管理结果 · answer to a change of logins")
class LoginsPayload:
    devices: list[LoginDevice] = shown(PERSON, "登录设备 · open logins as they now stand; empty when refused")
    user_errors: list[UserError] = shown(PERSON, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, devices: list[Device]) -> Self:
        return cls(devices=[LoginDevice.of(one) for one in devices], user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(devices=[], user_errors=errors)


@strawberry.type(description="登录账号变更结果 · answer to a change of linked accounts")
class IdentitiesPayload:
    identities: list[LinkedIdentity] = shown(SELF, "登录账号 · linked accounts as they now stand")
    user_errors: list[UserError] = shown(SELF, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, identities: list[Linked]) -> Self:
        return cls(identities=[LinkedIdentity.of(one) for one in identities], user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(identities=[], user_errors=errors)


@strawberry.type(description="手机验证码发送结果 · answer to a request for a code")
class PhoneCodePayload:
    mobile_masked: str | None = shown(SELF, "接收号码（脱敏）· where the code went, masked; empty when refused")
    expires_at: datetime | None = shown(SELF, "验证码有效期 · until when the code is good")
    user_errors: list[UserError] = shown(SELF, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, asked: AskedCode) -> Self:
        return cls(mobile_masked=asked.mobile_masked, expires_at=asked.expires_at, user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(mobile_masked=None, expires_at=None, user_errors=errors)


@strawberry.type(description="手机号码或银行卡变更结果 · answer to a change of phone or payee")
class SensitiveChangePayload:
    changes: list[SensitiveChange] = shown(SELF, "冷静期内的变更 · changes that have not cooled off")
    user_errors: list[UserError] = shown(SELF, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, changes: list[Changed]) -> Self:
        return cls(changes=[SensitiveChange.of(one) for one in changes], user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(changes=[], user_errors=errors)
