"""The settings of the SMS carriers: which there are, and how each is reached. Part of `ops.settings.Settings`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

CarrierKind = Literal["agent", "cmpp", "cloud_mas", "aliyun"]


class SmsSettings(BaseSettings):
    """`sms_carriers` are `name=kind`, comma separated in the environment; a name is kept with each message and never
    given to another carrier."""

    sms_carriers: Annotated[tuple[str, ...], NoDecode] = ("mobile=agent", "agent=agent")
    sms_quiet_hours: bool | None = None
    """Whether ordinary messages wait for the morning. Unset: in production."""
    sms_under_way_max: int = Field(default=64, ge=1, le=1_000)
    """Submissions at once of the process that sends, urgent ones apart."""

    sms_push_token: SecretStr | None = Field(default=None, min_length=24)
    """Part of the address that carriers push receipts to; unset: no door."""

    sms_cmpp_host: str = "127.0.0.1"
    sms_cmpp_port: int = Field(default=7890, ge=1, le=65_535)
    sms_cmpp_source: str = "901234"
    sms_cmpp_secret: SecretStr = SecretStr("development-secret")
    sms_cmpp_version: Literal["2.0", "3.0"] = "2.0"
    sms_cmpp_service_id: str = "GJJ"
    sms_cmpp_src_id: str = "1065700000"
    sms_cmpp_serial_digits: int = Field(default=4, ge=0, le=11)
    sms_cmpp_window: int = Field(default=16, ge=1, le=256)
    sms_cmpp_connections_max: int = Field(default=1, ge=1, le=16)
    sms_cmpp_resend_submits: bool = False
    """Only for a gateway that recognises a sequence number that comes again."""

    sms_mas_url: str = "http://127.0.0.1:8100/mas"
    sms_mas_ec_name: str = "北京住房公积金管理中心"
    sms_mas_ap_id: str = "hpf"
    sms_mas_secret_key: SecretStr = SecretStr("development-secret")
    sms_mas_sign: str = "DEVELOPMENT"
    sms_mas_add_serial: str = ""
    sms_mas_serial_digits: int = Field(default=4, ge=0, le=11)

    sms_aliyun_access_key_id: str = "development"
    sms_aliyun_access_key_secret: SecretStr = SecretStr("development-secret")
    sms_aliyun_sign_name: str = "北京公积金"
    sms_aliyun_templates: dict[str, str] = Field(default_factory=dict)
    """Our template codes to theirs, JSON in the environment."""
    sms_aliyun_endpoint: str = "dysmsapi.aliyuncs.com"
    sms_aliyun_billing_endpoint: str = "business.aliyuncs.com"
    sms_aliyun_package_product: str = "dysms"
    """Product code under which packages of messages are listed (unverified)."""
    sms_aliyun_scheme: Literal["https", "http"] = "https"

    @field_validator("sms_carriers", mode="before")
    @classmethod
    def _parts(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("sms_carriers")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        pairs = [part.partition("=") for part in value]
        if not pairs or any(not name or kind not in get_args(CarrierKind) for name, _, kind in pairs):
            raise ValueError(f"must be name=kind, kind one of {', '.join(get_args(CarrierKind))}")
        if len({name for name, _, _ in pairs}) != len(pairs):
            raise ValueError("two carriers have the same name")
        if sum(kind == "cmpp" for _, _, kind in pairs) > 1:
            raise ValueError("one carrier by CMPP")
        return value

    @property
    def carrier_kinds(self) -> dict[str, CarrierKind]:
        """By name, in order."""
        return {name: kind for name, _, kind in (part.partition("=") for part in self.sms_carriers)}  # type: ignore[misc]

    def carriers_unfit(self) -> list[str]:
        """Why these carriers must not serve citizens, a Chinese sentence a reason."""
        secrets = {
            "cmpp": (self.sms_cmpp_secret, "HPF_SMS_CMPP_SECRET"),
            "cloud_mas": (self.sms_mas_secret_key, "HPF_SMS_MAS_SECRET_KEY"),
            "aliyun": (self.sms_aliyun_access_key_secret, "HPF_SMS_ALIYUN_ACCESS_KEY_SECRET"),
        }
        return [
            f"{secrets[kind][1]} 是默认值，请换成运营商给定的密钥。"
            for kind in self.carrier_kinds.values()
            if kind in secrets and secrets[kind][0].get_secret_value() == "development-secret"
        ]
