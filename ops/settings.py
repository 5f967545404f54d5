"""The settings of one process: `HPF_*` variables and the addresses `DATABASE_URL` and `REDIS_URL`.

Only `ops` reads this module. `Settings()` raises pydantic's ValidationError when a value is missing or
malformed; `refusals_for_production` names what is well-formed and still unfit for citizens.
"""

import base64
import binascii
import ipaddress
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from ops.sms_settings import SmsSettings

MASTER_KEY_BYTES = 32
SECRET_CHARS_MIN = 24
DEVELOPMENT_MASTER_KEY = base64.b64encode(b"development-key-not-for-anyone!!").decode()
DEVELOPMENT_SECRET = "development-secret"
DEVELOPMENT_MESSAGE_KEY = "developmentsafemodekeyofnobody0123456789ABC"
DEVELOPMENT_CONTENT_KEY = "ZGV2ZWxvcG1lbnRrZXkhIQ=="

Environment = Literal["development", "test", "production"]
"""production serves citizens; the other two may talk to simulators and show the IDE."""

SIMULATED_SYSTEMS: dict[str, str] = {
    "identity": "统一身份认证平台",
    "corporate": "法人统一认证平台",
    "mini": "微信、支付宝、百度小程序登录和互动消息",
    "face": "实人认证服务",
    "registries": "不动产、婚姻和租赁备案登记系统",
    "bank": "住房公积金结算系统",
    "sms": "短信通道",
    "evaluation": "政务服务“好差评”系统",
    "transfer": "全国住房公积金转移接续平台",
    "city": "市统一申办受理平台",
    "ewindow": "e窗通",
    "social_security": "社会保险信息系统",
}
SECRETS: dict[str, str] = {
    "identity_client_secret": "HPF_IDENTITY_CLIENT_SECRET",
    "corporate_client_secret": "HPF_CORPORATE_CLIENT_SECRET",
    "wechat_secret": "HPF_WECHAT_SECRET",
    "wechat_official_secret": "HPF_WECHAT_OFFICIAL_SECRET",
    "wechat_message_token": "HPF_WECHAT_MESSAGE_TOKEN",
    "wechat_message_key": "HPF_WECHAT_MESSAGE_KEY",
    "alipay_content_key": "HPF_ALIPAY_CONTENT_KEY",
    "baidu_secret": "HPF_BAIDU_SECRET",
    "face_key_secret": "HPF_FACE_KEY_SECRET",
    "registries_secret": "HPF_REGISTRIES_SECRET",
    "bank_secret": "HPF_BANK_SECRET",
    "sms_key_secret": "HPF_SMS_KEY_SECRET",
    "evaluation_secret": "HPF_EVALUATION_SECRET",
    "transfer_secret": "HPF_TRANSFER_SECRET",
    "city_secret": "HPF_CITY_SECRET",
    "ewindow_secret": "HPF_EWINDOW_SECRET",
    "social_security_secret": "HPF_SOCIAL_SECURITY_SECRET",
    "demonstration_seed": "HPF_DEMONSTRATION_SEED",
}


class ProductionRefused(SystemExit):
    """The process must not serve production with these settings; the message names each reason."""


class Settings(SmsSettings):
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
    database_spread: bool = False
    """Whether tables are spread over several machines (Citus): reads that would join them take two steps instead."""
    redis_url: str = Field(validation_alias=AliasChoices("REDIS_URL", "redis_url"))
    redis_prefix: str = "hpf:"
    """Put before every key, so that several installations can share one server."""

    master_key: SecretStr = SecretStr(DEVELOPMENT_MASTER_KEY)
    """Base64 of 32 bytes: the root of the keys for documents, mobiles and cards at rest."""

    seal_key: SecretStr = SecretStr("")
    """PEM of the key of the centre's electronic seal. Empty: a test seal of this installation, never in production."""
    seal_certificate: str = ""
    """PEM of its certificate, then of those above it."""

    # Outside systems. `<name>_simulated` says which end the address belongs to.
    identity_simulated: bool = True
    identity_issuer: str = "http://127.0.0.1:8100/identity"
    identity_client_id: str = "hpf-platform"
    identity_client_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    identity_protocol: Literal["oidc", "platform"] = "oidc"
    """`platform` is the city's own protocol; `identity_issuer` is then its domain."""
    identity_claims: dict[str, str] = Field(default_factory=dict)
    """Names of claims of another OpenID provider, as JSON: name, document_type, document_no, mobile, level."""
    identity_document_types: dict[str, str] = Field(default_factory=dict)
    """Its codes of documents to ZJLX, as JSON; the city's when empty."""
    identity_scope: str = "openid profile"
    identity_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    identity_authorization_endpoint: str | None = None
    corporate_simulated: bool = True
    corporate_url: str = "http://127.0.0.1:8100/corporate"
    corporate_client_id: str = "hpf-platform"
    corporate_client_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    mini_simulated: bool = True
    wechat_url: str = "http://127.0.0.1:8100"
    wechat_app: str = "wx-hpf-mini"
    wechat_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    wechat_official_app: str = "wx-hpf-official"
    wechat_official_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    wechat_message_token: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """The Token of the official account's message settings."""
    wechat_message_key: SecretStr = SecretStr(DEVELOPMENT_MESSAGE_KEY)
    """Its EncodingAESKey, 43 characters."""
    wechat_open_url: str = "http://127.0.0.1:8100"
    """Where a phone authorises our page: https://open.weixin.qq.com."""
    wechat_notices: dict[str, str] = Field(default_factory=dict)
    """Ids of the platform's templates by our events, as JSON: case_progress."""
    wechat_mini_notices: dict[str, str] = Field(default_factory=dict)
    """The same of the mini-program's own templates."""
    alipay_mini_notices: dict[str, str] = Field(default_factory=dict)
    baidu_notices: dict[str, str] = Field(default_factory=dict)
    alipay_url: str = "http://127.0.0.1:8100"
    alipay_app: str = "2021000000000001"
    alipay_private_key: SecretStr = SecretStr("")
    """PEM of the application's key. Empty: the simulator's, which is derived for this machine alone."""
    alipay_open_url: str = "http://127.0.0.1:8100"
    """Where a phone authorises our page: https://openauth.alipay.com."""
    alipay_notices: dict[str, str] = Field(default_factory=dict)
    alipay_content_key: SecretStr = SecretStr(DEVELOPMENT_CONTENT_KEY)
    """接口内容加密: the AES key of the application, Base64; opens the phone number that a person lets us have."""
    alipay_public_key: str = ""
    """PEM of the platform's key."""
    baidu_url: str = "http://127.0.0.1:8100"
    baidu_app: str = "hpf-baidu"
    baidu_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    face_simulated: bool = True
    face_url: str = "http://127.0.0.1:8100"
    """Aliyun's endpoint: its SDK takes scheme and host, and asks for no path."""
    face_key_id: str = "hpf-platform"
    face_key_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    face_scene: str = "1000000006"
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
    transfer_simulated: bool = True
    transfer_url: str = "http://127.0.0.1:8100"
    transfer_app: str = "hpf-platform"
    transfer_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Signs both ways: what we tell the platform and what it brings us."""
    transfer_timeout_ms: int = Field(default=5_000, ge=50, le=30_000)
    city_simulated: bool = True
    city_url: str = "http://127.0.0.1:8100"
    city_app: str = "hpf-platform"
    city_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Signs both ways: what the platform hands us and what we report."""
    city_timeout_ms: int = Field(default=5_000, ge=50, le=30_000)
    ewindow_simulated: bool = True
    ewindow_url: str = "http://127.0.0.1:8100"
    """Where results of its pushes are told; the secret signs both ways."""
    ewindow_app: str = "ewindow"
    ewindow_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    ewindow_origin: str | None = None
    """Scheme, host and port of the page that embeds the list page. Unset, nothing is embedded."""
    social_security_simulated: bool = True
    social_security_url: str = "http://127.0.0.1:8100"
    social_security_app: str = "social-security"
    social_security_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    exchange_timeout_ms: int = Field(default=5_000, ge=50, le=30_000)

    demonstration_seed: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Passwords and one-time keys of the demonstration staff are derived from it."""
    simulators_url: str = "http://127.0.0.1:8100"
    data_path: str = ".data"
    """Folder for simulator journals; the business itself keeps nothing in files."""

    # The door
    graphql_ide: bool = False
    trusted_documents_only: bool | None = None
    """Whether only registered documents run; staff with the right may still send text. Unset: in production."""
    api_reference: bool = False
    """Whether everybody may read the API reference (`/api-reference`) in production; elsewhere they may."""
    cookie_secure: bool = False
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks whose X-Forwarded-For is believed; comma separated in the environment."""
    body_bytes_max: int = Field(default=128 * 1024, ge=1_024)
    query_depth_max: int = Field(default=12, ge=1)
    query_aliases_max: int = Field(default=30, ge=1)
    query_tokens_max: int = Field(default=2_000, ge=10)
    points_capacity: int = Field(default=10_000, ge=100)
    """Points of GraphQL cost that a caller may spend at once on a channel; staff have five times as many."""
    points_per_second: int = Field(default=100, ge=1)
    """How fast they come back."""
    requests_per_minute_max: int = Field(default=1_200, ge=1)
    """For one address, all doors together."""
    logins_per_minute_max: int = Field(default=60, ge=1)
    """For one address: attempts to log in, of citizens and staff, and renewals of tokens."""

    # Sessions
    access_token_minutes: int = Field(default=10, ge=1, le=15)
    staff_idle_minutes: int = Field(default=15, ge=1, le=120)
    staff_session_hours: int = Field(default=8, ge=1, le=24)

    # The application for phones
    app_scheme: str = ""
    """Custom scheme with its path, such as `bjgjj://login`; empty: only the universal link."""
    app_apple_id: str = ""
    app_android_package: str = ""
    app_android_fingerprints: str = ""
    """SHA-256 of the certificates that sign it, comma separated."""

    # Observation and processes
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_endpoint: str | None = None
    web_workers: int = Field(default=2, ge=1, le=64)
    worker_concurrency: int = Field(default=10, ge=1, le=200)
    day_end_enabled: bool = False
    """Whether the worker starts due day-ends by itself after 00:05 in Beijing; by hand they start either way."""
    day_end_workers: int = Field(default=2, ge=1, le=16)
    """Partitions of a day-end that are worked on at once."""

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

    @field_validator("ewindow_origin")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("must be an origin like https://example.cn, without a path")
        return value

    @property
    def master_key_bytes(self) -> bytes:
        """The 32 bytes that `domain.kernel.vault.Vault` takes."""
        return _decoded_key(self.master_key)

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def runs_trusted_only(self) -> bool:
        return self.is_production if self.trusted_documents_only is None else self.trusted_documents_only

    @property
    def keeps_quiet_hours(self) -> bool:
        return self.is_production if self.sms_quiet_hours is None else self.sms_quiet_hours

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
            if (
                secret in (DEVELOPMENT_SECRET, DEVELOPMENT_MESSAGE_KEY, DEVELOPMENT_CONTENT_KEY)
                or len(secret) < SECRET_CHARS_MIN
            ):
                refusals.append(f"{variable} 是默认值或不足 {SECRET_CHARS_MIN} 个字符，请换成随机密钥。")
        if not self.seal_key.get_secret_value() or "BEGIN CERTIFICATE" not in self.seal_certificate:
            refusals.append("电子印章还是测试印章，请配置 HPF_SEAL_KEY 和 HPF_SEAL_CERTIFICATE。")
        refusals += self.carriers_unfit() + self._alipay_unfit()
        if self.ewindow_origin and urlsplit(self.ewindow_origin).scheme != "https":
            refusals.append("HPF_EWINDOW_ORIGIN 不是 https 地址，请改用加密地址。")
        if self.graphql_ide:
            refusals.append("GraphQL 调试页面处于开放状态，请设置 HPF_GRAPHQL_IDE=false。")
        if not self.runs_trusted_only:
            refusals.append("未登记的GraphQL文档可以执行，请删除 HPF_TRUSTED_DOCUMENTS_ONLY=false。")
        if not self.cookie_secure:
            refusals.append("会话 Cookie 未限定加密连接，请设置 HPF_COOKIE_SECURE=true。")
        if urlsplit(self.public_url).scheme != "https":
            refusals.append("HPF_PUBLIC_URL 不是 https 地址，请改用加密地址。")
        return refusals

    def _alipay_unfit(self) -> list[str]:
        """Without keys the client would go by those of the simulator, which are made on this machine."""
        unfit = []
        if not _is_pem(self.alipay_private_key.get_secret_value(), private=True):
            unfit.append("HPF_ALIPAY_PRIVATE_KEY 未配置或不是至少 2048 位的 RSA 私钥（PEM），请配置应用私钥。")
        if not _is_pem(self.alipay_public_key, private=False):
            unfit.append("HPF_ALIPAY_PUBLIC_KEY 未配置或不是至少 2048 位的 RSA 公钥（PEM），请配置支付宝公钥。")
        return unfit

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


def _is_pem(text: str, *, private: bool) -> bool:
    """Whether it is an RSA key of 2,048 bits or more."""
    try:
        key: object = (
            serialization.load_pem_private_key(text.encode(), password=None)
            if private
            else serialization.load_pem_public_key(text.encode())
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPrivateKey | RSAPublicKey) and key.key_size >= 2048


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
