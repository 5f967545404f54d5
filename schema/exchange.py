"""One HTTP exchange at the level of ASGI: what a request says, and its answer on the way.

Written for the way that every mini-program takes a hundred times a day: headers are read once, an answer is two
messages. What is rare (a query string, a stream) is left to Starlette.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send


class Gone(Exception):
    """The client went away before its request was whole."""


class TooLong(Exception):
    """The body is longer than it may be."""


class Exchange:
    """One request and the way back."""

    __slots__ = ("_headers", "method", "origin", "receive", "reference", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.method: str = scope["method"]
        # of a header that comes twice the first counts
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        state = scope.get("state", {})
        client = scope.get("client")
        self.reference: str = state.get("request_id") or secrets.token_hex(6)
        """The number that finds the request in the logs, given by the middleware in front of us."""
        self.origin: str = state.get("address") or (client[0] if client else "")
        """The caller's address, as the middleware in front of us worked it out."""

    def header(self, name: bytes) -> str | None:
        """`name` in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def query_string(self) -> bytes:
        found: bytes = self.scope.get("query_string", b"")
        return found

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True)

    async def body(self, *, bytes_max: int) -> bytes:
        """Reads no further than the limit, whatever the length that the client declared. Raises TooLong and Gone."""
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 18 or int(declared) > bytes_max):
            raise TooLong
        read = bytearray()
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise Gone
            read += message.get("body", b"")
            if len(read) > bytes_max:
                raise TooLong
            if not message.get("more_body", False):
                return bytes(read)

    async def answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> None:
        sized = [*headers, (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": status, "headers": sized})
        await self.send({"type": "http.response.body", "body": body})
