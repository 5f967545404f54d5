"""What a face check asks of the verification service. No image passes through us: the person's device and the service
speak with each other, and we learn the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Outcome = Literal["passed", "failed", "pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedFace:
    """`certify_id` names the check at the service; `url` is where a browser goes, None for a native SDK."""

    certify_id: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOutcome:
    """`code` is the service's own reason, for staff."""

    outcome: Outcome
    code: str = ""


class FaceVerification(Protocol):
    """One verification service."""

    @property
    def provider(self) -> str: ...

    async def start(
        self, *, order_no: str, name: str, document_no: str, meta_info: str, return_url: str
    ) -> StartedFace:
        """Begins a check of the person of a resident identity card. `order_no` is ours, unique. Raises
        PartnerFailure."""
        ...

    async def outcome(self, *, certify_id: str) -> FaceOutcome:
        """What became of it. Raises PartnerFailure."""
        ...
