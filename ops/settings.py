"""The settings of one process: `HPF_*` variables and the addresses `DATABASE_URL` and `REDIS_URL`.

Only `ops` reads this module. `Settings()` raises pydantic's ValidationError when a value is missing or
malformed; `refusals_for_production` names what is well-formed and still unfit for citizens.
"""

import base64
import binascii
import ipaddress
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MASTER_KEY_BYTES = 32
SECRET_CHARS_MIN = 24
DEVELOPMENT_MASTER_KEY = base64.b64encode(b"development-key-not-for-anyone!!").decode()
DEVELOPMENT_SECRET = "development-secret"

Environment = Literal["development", "test", "production"]
"""production serves citizens; the other two may talk to simulators and show the IDE."""

SIMULATED_SYSTEMS: dict[str, str] = {
    "identity": "统一身份认证平台",
    "registries": "不动产、婚姻和租赁备案登记系统",
    "bank": "住房公积金结算系统",
    "sms": "短信通道",
    "evaluation": "政务服务“好差评”系统",
}
SECRETS: dict[str, str] = {
    "identity_client_secret": "HPF_IDENTITY_CLIENT_SECRET",
    "registries_secret": "HPF_REGISTRIES_SECRET",
    "bank_secret": "HPF_BANK_SECRET",
    "sms_key_secret": "HPF_SMS_KEY_SECRET",
    "evaluation_secret": "HPF_EVALUATION_SECRET",
    "demonstration_seed": "HPF_DEMONSTRATION_SEED",
}


class ProductionRefused(SystemExit):
    """The process must not serve production with these settings; the message names each reason."""


class Settings(BaseSettings):
    """All that a process of the platform may read from its surroundings."""

    model_config = SettingsConfigDict(env_prefix="HPF_", frozen=True, extra="ignore", populate_by_name=True)

    environment: Environment = "development"
    public_url: str = "http://127.0.0.1:8000"
    """What citizens and staff type; the identity platform redirects below it. No slash at the end."""

    database_url: str = Field(validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    database_role: str = "hpf_app"
    """Role that requests run under; it writes the ledger's tables only through the posting functions."""
    database_connections_max: int = Field(default=20, ge=1, le=200)
    """Per process."""
    redis_url: str = Field(validation_alias=AliasChoices("REDIS_URL", "redis_url"))
    redis_prefix: str = "hpf:"
    """Put before every key, so that several installations can share one server."""

    master_key: SecretStr = SecretStr(DEVELOPMENT_MASTER_KEY)
    """Base64 of 32 bytes: the root of the keys for documents, mobiles and cards at rest."""

    # Outside systems. `<name>_simulated` says which end the address belongs to.
    identity_simulated: bool = True
    identity_issuer: str = "http://127.0.0.1:8100/identity"
    identity_client_id: str = "hpf-platform"
    identity_client_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    registries_simulated: bool = True
    registries_url: str = "http://127.0.0.1:8100/registries"
    registries_app: str = "hpf-platform"
    registries_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    registries_timeout_ms: int = Field(default=2_000, ge=50, le=30_000)
    bank_simulated: bool = True
    bank_url: str = "http://127.0.0.1:8100"
    bank_app: str = "hpf-platform"
    bank_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    bank_timeout_ms: int = Field(default=10_000, ge=50, le=60_000)
    sms_simulated: bool = True
    sms_url: str = "http://127.0.0.1:8100"
    sms_key_id: str = "hpf-platform"
    sms_key_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    sms_timeout_ms: int = Field(default=5_000, ge=50, le=30_000)
    evaluation_simulated: bool = True
    evaluation_url: str = "http://127.0.0.1:8100"
    evaluation_app: str = "hpf-platform"
    evaluation_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    evaluation_timeout_ms: int = Field(default=5_000, ge=50, le=30_000)

    demonstration_seed: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Passwords and one-time keys of the demonstration staff are derived from it."""
    simulators_url: str = "http://127.0.0.1:8100"
    data_path: str = ".data"
    """Folder for simulator journals; the business itself keeps nothing in files."""

    # The door
    graphql_ide: bool = False
    cookie_secure: bool = False
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks whose X-Forwarded-For is believed; comma separated in the environment."""
    body_bytes_max: int = Field(default=128 * 1024, ge=1_024)
    query_depth_max: int = Field(default=12, ge=1)
    query_aliases_max: int = Field(default=30, ge=1)
    query_tokens_max: int = Field(default=2_000, ge=10)
    requests_per_minute_max: int = Field(default=1_200, ge=1)
    """For one address, all doors together."""
    logins_per_minute_max: int = Field(default=60, ge=1)
    """For one address: attempts to log in, of citizens and staff, and renewals of tokens."""

    # Sessions
    access_token_minutes: int = Field(default=10, ge=1, le=15)
    staff_idle_minutes: int = Field(default=15, ge=1, le=120)
    staff_session_hours: int = Field(default=8, ge=1, le=24)

    # Observation and processes
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_endpoint: str | None = None
    web_workers: int = Field(default=2, ge=1, le=64)
    worker_concurrency: int = Field(default=10, ge=1, le=200)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ipaddress.ip_network(part, strict=False)
        return value

    @field_validator("master_key")
    @classmethod
    def _whole_key(cls, value: SecretStr) -> SecretStr:
        _decoded_key(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an absolute http or https address")
        return value.rstrip("/")

    @property
    def master_key_bytes(self) -> bytes:
        """The 32 bytes that `domain.kernel.vault.Vault` takes."""
        return _decoded_key(self.master_key)

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    def refusals_for_production(self) -> list[str]:
        """Why these settings must not serve citizens: one Chinese sentence a reason, empty when fit."""
        refusals = [
            f"{name}仍接在模拟器上，请配置正式地址并设置 HPF_{system.upper()}_SIMULATED=false。"
            for system, name in SIMULATED_SYSTEMS.items()
            if getattr(self, f"{system}_simulated")
        ]
        key = self.master_key_bytes
        if self.master_key.get_secret_value() == DEVELOPMENT_MASTER_KEY or len(set(key)) < 8:
            refusals.append("HPF_MASTER_KEY 是默认值或过于简单，请用随机的 32 字节密钥（Base64）替换。")
        for field, variable in SECRETS.items():
            secret = getattr(self, field).get_secret_value()
            if secret == DEVELOPMENT_SECRET or len(secret) < SECRET_CHARS_MIN:
                refusals.append(f"{variable} 是默认值或不足 {SECRET_CHARS_MIN} 个字符，请换成随机密钥。")
        if self.graphql_ide:
            refusals.append("GraphQL 调试页面处于开放状态，请设置 HPF_GRAPHQL_IDE=false。")
        if not self.cookie_secure:
            refusals.append("会话 Cookie 未限定加密连接，请设置 HPF_COOKIE_SECURE=true。")
        if urlsplit(self.public_url).scheme != "https":
            refusals.append("HPF_PUBLIC_URL 不是 https 地址，请改用加密地址。")
        return refusals

    def require_fit(self) -> None:
        """Stop the process when it is meant for production and unfit for it; otherwise do nothing."""
        if self.is_production and (refusals := self.refusals_for_production()):
            _refuse(refusals)


def _decoded_key(value: SecretStr) -> bytes:
    try:
        key = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error as error:
        raise ValueError("must be Base64") from error
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"must be {MASTER_KEY_BYTES} bytes in Base64")
    return key


def _refuse(refusals: list[str]) -> NoReturn:
    reasons = "\n".join(f"  {number}. {text}" for number, text in enumerate(refusals, start=1))
    raise ProductionRefused(f"生产环境拒绝启动，请先处理以下问题：\n{reasons}")


def load() -> Settings:
    """Read the environment once and refuse what production must not run with.

    Raises pydantic.ValidationError for malformed values, ProductionRefused (a SystemExit) for unfit ones.
    """
    settings = Settings()  # the required fields come from the environment
    settings.require_fit()
    return settings
