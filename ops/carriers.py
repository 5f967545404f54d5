"""The SMS carriers of this installation, each behind the same port. Part of `ops.wiring`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from channels.wire import SignedClient
from notifications.carriers.agent import AgentCarrier
from notifications.carriers.aliyun import AliyunCarrier, AliyunSettings
from notifications.carriers.cloud_mas import CloudMasCarrier, CloudMasSettings
from notifications.carriers.cmpp import CmppCarrier, CmppSettings
from notifications.carriers.cmpp.pdu import V20, V30
from notifications.carriers.cmpp.settings import LinkSettings
from notifications.ports import Carrier
from notifications.routing import Carriers
from ops.settings import Settings


def carriers_of(settings: Settings, *, clock: Callable[[], datetime], stack: AsyncExitStack) -> Carriers:
    """Opens nothing but clients; a long connection is opened by the process that holds it."""
    makers = {"agent": _agent, "cloud_mas": _cloud_mas, "aliyun": _aliyun}
    made: list[Carrier] = []
    for name, kind in settings.carrier_kinds.items():
        if kind == "cmpp":
            made.append(_cmpp(name, settings, clock))
        else:
            made.append(makers[kind](name, settings, stack))
    return Carriers(in_order=made)


def _agent(name: str, settings: Settings, stack: AsyncExitStack) -> Carrier:
    # Each carrier has a wire of its own, so that trouble at one does not pause the other.
    wire = SignedClient(
        partner=f"sms_{name}",
        base_url=settings.sms_url,
        app=settings.sms_key_id,
        secret=settings.sms_key_secret.get_secret_value().encode(),
        timeout_seconds=settings.sms_timeout_ms / 1000,
    )
    stack.push_async_callback(wire.aclose)
    return AgentCarrier(name=name, wire=wire)


def _cmpp(name: str, settings: Settings, clock: Callable[[], datetime]) -> CmppCarrier:
    link = LinkSettings(
        name=name,
        host=settings.sms_cmpp_host,
        port=settings.sms_cmpp_port,
        source=settings.sms_cmpp_source,
        secret=settings.sms_cmpp_secret.get_secret_value(),
        version=V30 if settings.sms_cmpp_version == "3.0" else V20,
        window=settings.sms_cmpp_window,
        reserved=min(2, settings.sms_cmpp_window - 1),
        resend_submits=settings.sms_cmpp_resend_submits,
    )
    return CmppCarrier(
        settings=CmppSettings(
            link=link,
            service_id=settings.sms_cmpp_service_id,
            src_id=settings.sms_cmpp_src_id,
            serial_digits=settings.sms_cmpp_serial_digits,
            connections_max=settings.sms_cmpp_connections_max,
        ),
        clock=clock,
    )


def _cloud_mas(name: str, settings: Settings, stack: AsyncExitStack) -> Carrier:
    carrier = CloudMasCarrier(
        name=name,
        settings=CloudMasSettings(
            base_url=settings.sms_mas_url,
            ec_name=settings.sms_mas_ec_name,
            ap_id=settings.sms_mas_ap_id,
            secret_key=settings.sms_mas_secret_key.get_secret_value(),
            sign=settings.sms_mas_sign,
            add_serial=settings.sms_mas_add_serial,
            serial_digits=settings.sms_mas_serial_digits,
            timeout_seconds=settings.sms_timeout_ms / 1000,
        ),
    )
    stack.push_async_callback(carrier.aclose)
    return carrier


def _aliyun(name: str, settings: Settings, _: AsyncExitStack) -> Carrier:
    # its receipts name the carrier, so there is one of it
    assert name == "aliyun", "the carrier by Aliyun is called aliyun"
    return AliyunCarrier(
        settings=AliyunSettings(
            access_key_id=settings.sms_aliyun_access_key_id,
            access_key_secret=settings.sms_aliyun_access_key_secret.get_secret_value(),
            sign_name=settings.sms_aliyun_sign_name,
            template_codes=settings.sms_aliyun_templates,
            endpoint=settings.sms_aliyun_endpoint,
            billing_endpoint=settings.sms_aliyun_billing_endpoint,
            package_product=settings.sms_aliyun_package_product,
            scheme=settings.sms_aliyun_scheme,
            timeout_seconds=max(1, settings.sms_timeout_ms // 1000),
        )
    )
