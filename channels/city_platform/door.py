"""The door by which the city's platform hands us applications (see `messages`)."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.city_platform.messages import parse
from channels.inbound import Kept, Parsed, SignedDoor

CHANNEL = "city_platform"
PATH = "/partners/city-applications"
APP = "city-platform"
"""The platform's name in its signature."""


class CityDoor(SignedDoor):
    def routes(self) -> list[Route]:
        receive = self.receiver(CHANNEL, parse=parse, answer=_answer, busy=_busy)
        return [Route(PATH, receive, methods=["POST"])]


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    """0 when it is kept, also when it was before; 2001 when it cannot be read, 2002 for other content."""
    code = "0"
    if kept.state == "quarantined":
        code = "2001" if parsed is None else "2002"
    return JSONResponse({"msgId": "" if parsed is None else parsed.key, "code": code})


def _busy() -> Response:
    return JSONResponse({"msgId": "", "code": "9999"}, status_code=429, headers={"Retry-After": "5"})
