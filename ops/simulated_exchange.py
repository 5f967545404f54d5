"""e窗通 and social security among the simulators, under the names and secrets that we know them by."""

from __future__ import annotations

from starlette.routing import Route

from channels.exchange.simulator import PartnerSimulator
from channels.simulation import Faults
from domain.exchange import Source
from ops.settings import Settings
from ops.wiring import Clock


def exchange_routes(settings: Settings, *, faults: Faults, clock: Clock) -> list[Route]:
    known: dict[Source, tuple[str, str]] = {
        "ewindow": (settings.ewindow_app, settings.ewindow_secret.get_secret_value()),
        "social_security": (settings.social_security_app, settings.social_security_secret.get_secret_value()),
    }
    routes: list[Route] = []
    for source, (app, secret) in known.items():
        partner = PartnerSimulator(
            source=source, url=settings.public_url, app=app, secret=secret.encode(), faults=faults, clock=clock
        )
        routes += partner.routes()
    return routes
