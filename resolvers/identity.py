"""The caller's own logins, linked accounts and changes."""

from __future__ import annotations

from auth import devices, identity_events, linking, phones
from domain import contributions
from domain.kernel.refusal import REAL_NAME_REQUIRED, Refused
from notifications.codes import send_phone_code as send_phone_code_by_sms
from resolvers.mutation import refusable, stepped_up
from schema.context import Info
from schema.types.identity import (
    ChangeMobileInput,
    ChoosePayeeCardInput,
    IdentitiesPayload,
    IdentityEvent,
    LinkedIdentity,
    LoginDevice,
    LoginsPayload,
    PhoneCodePayload,
    SendPhoneCodeInput,
    SensitiveChange,
    SensitiveChangePayload,
    SignOutDeviceInput,
    SignOutEverywhereInput,
    UnlinkIdentityInput,
)


async def login_devices(info: Info) -> list[LoginDevice]:
    return [LoginDevice.of(one) for one in await _devices(info)]


async def linked_identities(info: Info) -> list[LinkedIdentity]:
    found = await linking.identities_of(person_id=_verified(info))
    return [LinkedIdentity.of(one) for one in found]


async def identity_history(info: Info) -> list[IdentityEvent]:
    found = await identity_events.events_of(person_id=_verified(info))
    return [IdentityEvent.of(one) for one in found]


async def sensitive_changes(info: Info) -> list[SensitiveChange]:
    found = await contributions.changes_of(person_id=_verified(info), now=info.context.now)
    return [SensitiveChange.of(one) for one in found]


@refusable(LoginsPayload)
async def sign_out_device(info: Info, input: SignOutDeviceInput) -> LoginsPayload:
    await devices.sign_out_device(actor=info.context.actor, session_id=input.session_id(), now=info.context.now)
    return LoginsPayload.of(await _devices(info))


@refusable(LoginsPayload)
async def sign_out_everywhere(info: Info, input: SignOutEverywhereInput) -> LoginsPayload:
    await devices.sign_out_everywhere(actor=info.context.actor, keep_this=input.keep_this, now=info.context.now)
    return LoginsPayload.of(await _devices(info))


@refusable(IdentitiesPayload)
@stepped_up("identity.unlink")
async def unlink_identity(info: Info, input: UnlinkIdentityInput) -> IdentitiesPayload:
    await linking.unlink(actor=info.context.actor, key=input.key(), now=info.context.now)
    return IdentitiesPayload.of(await linking.identities_of(person_id=_verified(info)))


@refusable(PhoneCodePayload)
async def send_phone_code(info: Info, input: SendPhoneCodeInput) -> PhoneCodePayload:
    asked = await phones.ask(
        actor=info.context.actor,
        mobile=input.mobile,
        request_key=input.request_key,
        send=send_phone_code_by_sms,
        now=info.context.now,
    )
    return PhoneCodePayload.of(asked)


@refusable(SensitiveChangePayload)
@stepped_up("person.change_mobile")
async def change_mobile(info: Info, input: ChangeMobileInput) -> SensitiveChangePayload:
    await phones.change_mobile(
        actor=info.context.actor,
        mobile=input.mobile,
        code=input.code,
        request_key=input.request_key,
        now=info.context.now,
    )
    return await _changes(info)


@refusable(SensitiveChangePayload)
@stepped_up("person.choose_payee")
async def choose_payee_card(info: Info, input: ChoosePayeeCardInput) -> SensitiveChangePayload:
    await contributions.choose_card(actor=info.context.actor, card_id=input.card_key(), now=info.context.now)
    return await _changes(info)


async def _changes(info: Info) -> SensitiveChangePayload:
    found = await contributions.changes_of(person_id=_verified(info), now=info.context.now)
    return SensitiveChangePayload.of(found)


async def _devices(info: Info) -> list[devices.Device]:
    actor = info.context.actor
    assert actor.person_id is not None, "guarded: a citizen or an agent"
    return await devices.devices_of(person_id=actor.person_id, current=actor.session_id, now=info.context.now)


def _verified(info: Info) -> int:
    actor = info.context.actor
    if not actor.is_real_name or actor.person_id is None:
        raise Refused(REAL_NAME_REQUIRED())
    return actor.person_id
