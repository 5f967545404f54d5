"""Templates and the headers that every page carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from backoffice import components
from backoffice.assets import asset_url

# No inline script or style, nothing from elsewhere, no frames: what a page may do is what it brings.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_url"] = asset_url
    for name in (
        "moment",
        "moment_exact",
        "clock_time",
        "long_day",
        "grouped",
        "channel_name",
        "state_tone",
        "flag_text",
        "reason_name",
        "audit_action",
        "audit_pairs",
        "job_kind",
    ):
        environment.filters[name] = getattr(components, name)
    for name in (
        "OUTCOME_NAMES",
        "OUTCOME_TONES",
        "PAYMENT_TONES",
        "ACTOR_NAMES",
        "AUDIT_OUTCOMES",
        "AUDIENCE_NAMES",
        "LOGIN_NAMES",
        "UNVERIFIED_NAMES",
        "DECISION_NAMES",
    ):
        environment.globals[name] = getattr(components, name)
    return environment


_ENVIRONMENT = _environment()


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    text = _ENVIRONMENT.get_template(template).render(**values)
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)
