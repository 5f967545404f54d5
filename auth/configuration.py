"""What `ops` tells the login service at start: addresses, lifetimes and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

STAFF_CHANNEL = "backoffice"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """A session ends after `idle` without use and after `absolute` in any case. When a person opens more than
    `sessions_max` on one channel, the oldest end."""

    idle: timedelta
    absolute: timedelta
    sessions_max: int
    renewal: str | None = None
    """Name of the policy value: hours after which what matters asks for another login (`auth.renewal`)."""

    def __post_init__(self) -> None:
        assert timedelta(0) < self.idle <= self.absolute, "idle time lies within the whole time"
        assert self.sessions_max >= 1, "a channel allows at least one session"


_PHONE = SessionLimits(
    idle=timedelta(days=7), absolute=timedelta(days=30), sessions_max=3, renewal="identity.renewal_hours_phone"
)
_BROWSER = SessionLimits(
    idle=timedelta(minutes=30), absolute=timedelta(hours=12), sessions_max=2, renewal="identity.renewal_hours_browser"
)

CHANNEL_LIMITS: Mapping[str, SessionLimits] = MappingProxyType(
    {
        "jingtong_h5": _PHONE,
        "jingtong_wechat": _PHONE,
        "jingtong_alipay": _PHONE,
        "jingtong_baidu": _PHONE,
        "app": _PHONE,
        "web_portal": _BROWSER,
        "official_account": _PHONE,
        "kiosk": SessionLimits(idle=timedelta(minutes=2), absolute=timedelta(minutes=30), sessions_max=1),
    }
)
"""Channels on which citizens log in, when `ops` does not say otherwise."""

AGENT_CHANNEL = "employer_portal"
"""Where agents of employers log in; one channel, whichever identity brought them."""

EMBEDDED_CHANNEL = "ewindow"
"""Where agents come by a one-time entry into the page embedded in e窗通 (`auth.entries`)."""

AGENT_LIMITS = SessionLimits(idle=timedelta(minutes=30), absolute=timedelta(hours=8), sessions_max=3)

STAFF_LIMITS = SessionLimits(idle=timedelta(minutes=15), absolute=timedelta(hours=8), sessions_max=3)
"""Idle exit and a working day (GB/T 22239-2019, 8.1.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """`public_url` is where browsers reach us, without a final slash; the identity platform redirects
    below it. `key_reread` is how soon every process has noticed a new signing key."""

    issuer: str
    audience: str
    public_url: str
    channels: Mapping[str, SessionLimits] = field(default_factory=lambda: CHANNEL_LIMITS)
    staff: SessionLimits = STAFF_LIMITS
    agents: SessionLimits = AGENT_LIMITS
    return_prefixes: tuple[str, ...] = ("/h5/", "/portal/")
    app_returns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Where the application is reached after a login, by way: `link` (a universal link of ours) and `scheme`."""
    access_token: timedelta = timedelta(minutes=10)
    leeway: timedelta = timedelta(seconds=5)
    login: timedelta = timedelta(minutes=10)
    key_life: timedelta = timedelta(days=90)
    key_reread: timedelta = timedelta(seconds=60)
    failures_max: int = 5
    lock: timedelta = timedelta(minutes=15)
    password_life: timedelta = timedelta(days=90)
    passwords_remembered: int = 5
    enrolment: timedelta = timedelta(hours=24)
    store_prefix: str = "hpf:"
    store_timeout: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        assert self.channels, "nobody could log in"
        assert not {STAFF_CHANNEL, AGENT_CHANNEL} & self.channels.keys(), "citizens do not log in there"
        assert timedelta(minutes=1) <= self.access_token <= timedelta(minutes=15), "access tokens are short"
        assert not self.public_url.endswith("/"), "public_url ends without a slash"
        assert all(prefix.startswith("/") and prefix.endswith("/") for prefix in self.return_prefixes)


_installed: list[AuthSettings] = []


def install(settings: AuthSettings) -> None:
    """Called by `auth.sessions.configure` only."""
    _installed[:] = [settings]


def current() -> AuthSettings:
    assert _installed, "the login service is not configured; ops.wiring does it at start"
    return _installed[0]
