"""Settings: what is read, what is malformed, and each reason to refuse production."""

import base64
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from ops.settings import DEVELOPMENT_MASTER_KEY, DEVELOPMENT_SECRET, ProductionRefused, Settings, load

SYSTEMS = [
    *("identity", "corporate", "mini", "face", "registries", "bank", "sms", "evaluation"),
    *("ewindow", "social_security", "transfer", "city"),
]
SECRET_FIELDS = [
    "identity_client_secret",
    "corporate_client_secret",
    "wechat_secret",
    "wechat_official_secret",
    "wechat_message_token",
    "wechat_message_key",
    "alipay_content_key",
    "baidu_secret",
    "face_key_secret",
    "registries_secret",
    "bank_secret",
    "sms_key_secret",
    "evaluation_secret",
    "transfer_secret",
    "city_secret",
    "ewindow_secret",
    "social_security_secret",
    "demonstration_seed",
]


@cache
def alipay_pems(bits: int = 2_048) -> tuple[str, str]:
    """A private key and the public one of a pair, as PEM."""
    key = generate_private_key(65537, bits)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def a_fit_production(**changes: Any) -> Settings:
    fit: dict[str, Any] = {
        "environment": "production",
        "database_url": "postgresql://hpf@db.internal/hpf",
        "redis_url": "redis://cache.internal/0",
        "public_url": "https://gjj.example",
        "master_key": base64.b64encode(secrets.token_bytes(32)).decode(),
        "seal_key": "-----BEGIN PRIVATE KEY-----",
        "seal_certificate": "-----BEGIN CERTIFICATE-----",
        "cookie_secure": True,
        "graphql_ide": False,
        "alipay_private_key": alipay_pems()[0],
        "alipay_public_key": alipay_pems()[1],
        **{f"{system}_simulated": False for system in SYSTEMS},
        **{field: secrets.token_urlsafe(32) for field in SECRET_FIELDS},
    }
    return Settings(**{**fit, **changes})


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An environment with the two addresses and nothing else of ours, plus what the test puts."""
    import os

    for name in list(os.environ):
        if name.startswith("HPF_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "postgresql://hpf@127.0.0.1/hpf")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1/0")

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_a_fit_production_has_no_refusals() -> None:
    settings = a_fit_production()
    assert settings.refusals_for_production() == []
    settings.require_fit()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        *[({f"{system}_simulated": True}, f"HPF_{system.upper()}_SIMULATED") for system in SYSTEMS],
        *[({field: DEVELOPMENT_SECRET}, f"HPF_{field.upper()}") for field in SECRET_FIELDS],
        ({"bank_secret": "kR3-xT9_wQ1"}, "HPF_BANK_SECRET"),
        ({"ewindow_origin": "http://ct.example"}, "HPF_EWINDOW_ORIGIN"),
        ({"seal_key": ""}, "HPF_SEAL_KEY"),
        ({"seal_certificate": "none"}, "HPF_SEAL_CERTIFICATE"),
        ({"master_key": DEVELOPMENT_MASTER_KEY}, "HPF_MASTER_KEY"),
        ({"master_key": base64.b64encode(b"a" * 32).decode()}, "HPF_MASTER_KEY"),
        ({"graphql_ide": True}, "HPF_GRAPHQL_IDE"),
        ({"cookie_secure": False}, "HPF_COOKIE_SECURE"),
        ({"public_url": "http://gjj.example"}, "HPF_PUBLIC_URL"),
        *[({"alipay_private_key": text}, "HPF_ALIPAY_PRIVATE_KEY") for text in ("", "no key", *alipay_pems()[1:])],
        *[({"alipay_public_key": text}, "HPF_ALIPAY_PUBLIC_KEY") for text in ("", "no key", alipay_pems()[0])],
        ({"alipay_private_key": alipay_pems(1_024)[0]}, "HPF_ALIPAY_PRIVATE_KEY"),
    ],
)
def test_each_reason_alone_refuses_production(changes: dict[str, Any], named: str) -> None:
    settings = a_fit_production(**changes)
    refusals = settings.refusals_for_production()
    assert len(refusals) == 1
    assert named in refusals[0]
    with pytest.raises(ProductionRefused) as refused:
        settings.require_fit()
    assert refusals[0] in str(refused.value)


def test_all_reasons_are_named_at_once_without_any_secret(put: Callable[..., None]) -> None:
    put(HPF_ENVIRONMENT="production", HPF_GRAPHQL_IDE="true", HPF_BANK_SECRET="short-secret")
    with pytest.raises(ProductionRefused) as refused:
        load()
    text = str(refused.value)
    assert len(text.splitlines()) == 1 + len(SYSTEMS) + 2 + 2 + len(SECRET_FIELDS) + 3
    assert "short-secret" not in text and DEVELOPMENT_SECRET not in text


@pytest.mark.parametrize("environment", ["development", "test"])
def test_elsewhere_simulators_and_defaults_are_allowed(put: Callable[..., None], environment: str) -> None:
    put(HPF_ENVIRONMENT=environment)
    settings = load()
    assert settings.identity_simulated
    assert len(settings.master_key_bytes) == 32


def test_values_come_from_the_environment(put: Callable[..., None]) -> None:
    put(
        HPF_PUBLIC_URL="https://gjj.example/",
        HPF_TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.7",
        HPF_QUERY_DEPTH_MAX="9",
    )
    settings = load()
    assert settings.public_url == "https://gjj.example"
    assert settings.trusted_proxies == ("10.0.0.0/8", "192.0.2.7")
    assert (settings.query_depth_max, settings.query_aliases_max, settings.query_tokens_max) == (9, 30, 2_000)
    assert settings.body_bytes_max == 131_072


def test_secrets_do_not_show_in_the_printed_settings() -> None:
    settings = a_fit_production()
    for field in ("master_key", *SECRET_FIELDS):
        assert getattr(settings, field).get_secret_value() not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HPF_ENVIRONMENT", "prod"),
        ("HPF_MASTER_KEY", "not base64!"),
        ("HPF_MASTER_KEY", base64.b64encode(b"sixteen bytes...").decode()),
        ("HPF_PUBLIC_URL", "gjj.example"),
        ("HPF_PUBLIC_URL", "ftp://gjj.example"),
        ("HPF_PUBLIC_URL", "https://gjj.example/?a=1"),
        ("HPF_TRUSTED_PROXIES", "10.0.0.0/8, everyone"),
        ("HPF_BODY_BYTES_MAX", "0"),
        ("HPF_QUERY_DEPTH_MAX", "-1"),
        ("HPF_COOKIE_SECURE", "perhaps"),
        ("HPF_WEB_WORKERS", "many"),
    ],
)
def test_a_malformed_value_is_an_error_that_names_it(put: Callable[..., None], name: str, value: str) -> None:
    put(**{name: value})
    with pytest.raises(ValidationError) as malformed:
        load()
    assert name.removeprefix("HPF_").lower() in str(malformed.value).lower()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_an_address_that_is_missing_is_an_error(
    put: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ValidationError, match=name):
        load()


def test_settings_do_not_change_after_they_are_read() -> None:
    settings = a_fit_production()
    with pytest.raises(ValidationError):
        settings.graphql_ide = True
    assert settings.graphql_ide is False
