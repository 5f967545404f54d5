"""The identity platforms behind the login's ports, chosen and named by settings alone."""

from __future__ import annotations

import contextlib
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from auth.corporate_ports import CorporateIdentity
from auth.face import FaceVerification
from auth.linking import MiniPrograms
from auth.ports import UnifiedIdentity
from channels.alipay import AlipayLogin, AlipaySettings
from channels.baidu import BaiduLogin, BaiduSettings
from channels.face import AliyunFace, AliyunFaceSettings
from channels.identity import (
    ClaimNames,
    CorporatePlatform,
    CorporateSettings,
    OidcIdentity,
    OidcSettings,
    PlatformIdentity,
    PlatformSettings,
)
from channels.wechat import WechatLogin, WechatSettings
from ops.settings import Settings


def unified_identity(settings: Settings, stack: AsyncExitStack) -> UnifiedIdentity:
    """Any conforming OpenID provider, or the city's own protocol."""
    secret = settings.identity_client_secret.get_secret_value()
    if settings.identity_protocol == "platform":
        platform = PlatformIdentity(
            settings=PlatformSettings(
                domain=settings.identity_issuer, client_id=settings.identity_client_id, client_secret=secret
            )
        )
        stack.push_async_callback(platform.aclose)
        return platform
    wanted = OidcSettings(
        issuer=settings.identity_issuer,
        client_id=settings.identity_client_id,
        client_secret=secret,
        scope=settings.identity_scope,
        token_endpoint_auth_method=settings.identity_auth_method,
        authorization_endpoint=settings.identity_authorization_endpoint,
        claims=ClaimNames(**settings.identity_claims),
    )
    if settings.identity_document_types:
        wanted = replace(wanted, document_types=settings.identity_document_types)
    provider = OidcIdentity(settings=wanted)
    stack.push_async_callback(provider.aclose)
    return provider


def corporate_identity(settings: Settings, stack: AsyncExitStack) -> CorporateIdentity:
    platform = CorporatePlatform(
        settings=CorporateSettings(
            base_url=settings.corporate_url,
            client_id=settings.corporate_client_id,
            client_secret=settings.corporate_client_secret.get_secret_value(),
        )
    )
    stack.push_async_callback(platform.aclose)
    return platform


def face_verification(settings: Settings) -> FaceVerification:
    address = urlsplit(settings.face_url)
    return AliyunFace(
        settings=AliyunFaceSettings(
            access_key_id=settings.face_key_id,
            access_key_secret=settings.face_key_secret.get_secret_value(),
            scene_id=settings.face_scene,
            endpoint=address.netloc,
            scheme="https" if address.scheme == "https" else "http",
        )
    )


def mini_programs(settings: Settings, stack: AsyncExitStack) -> MiniPrograms:
    """By channel."""
    wechat = WechatLogin(
        settings=WechatSettings(
            app_id=settings.wechat_app,
            app_secret=settings.wechat_secret.get_secret_value(),
            base_url=settings.wechat_url,
        )
    )
    official = WechatLogin(
        settings=WechatSettings(
            app_id=settings.wechat_official_app,
            app_secret=settings.wechat_official_secret.get_secret_value(),
            base_url=settings.wechat_url,
            kind="official_account",
        )
    )
    application, platform = alipay_keys(settings)
    alipay = AlipayLogin(
        settings=AlipaySettings(
            app_id=settings.alipay_app,
            private_key=application,
            alipay_public_key=platform,
            base_url=settings.alipay_url,
        )
    )
    baidu = BaiduLogin(
        settings=BaiduSettings(
            app_key=settings.baidu_app,
            app_secret=settings.baidu_secret.get_secret_value(),
            base_url=settings.baidu_url,
        )
    )
    for client in (wechat, official, alipay, baidu):
        stack.push_async_callback(client.aclose)
    return {
        "jingtong_wechat": wechat,
        "jingtong_alipay": alipay,
        "jingtong_baidu": baidu,
        "official_account": official,
    }


def alipay_keys(settings: Settings) -> tuple[RSAPrivateKey, RSAPublicKey]:
    """The application's private key and the platform's public key; of the simulator's own pair where none is set."""
    if settings.alipay_private_key.get_secret_value():
        private = _private(settings.alipay_private_key.get_secret_value().encode())
        public = serialization.load_pem_public_key(settings.alipay_public_key.encode())
        assert isinstance(public, RSAPublicKey), "HPF_ALIPAY_PUBLIC_KEY is no RSA key"
        return private, public
    simulated = simulated_alipay_key(settings)
    return simulated, simulated.public_key()


def simulated_alipay_key(settings: Settings) -> RSAPrivateKey:
    """One key for both ends of the simulation, made once on this machine and shared by its processes."""
    path = Path(settings.data_path) / "alipay-simulator.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        made = path.with_name(f"{path.name}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_bytes(pem)
        # of two processes at once the first one's key is everybody's
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return _private(path.read_bytes())


def _private(pem: bytes) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey), "Alipay signs with RSA"
    return key
