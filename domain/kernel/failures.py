"""Failures that are neither a refusal nor a bug."""

from __future__ import annotations


class PartnerFailure(Exception):
    """An outside system did not do its part. `reason` is for staff and logs and holds no personal data."""

    def __init__(self, *, partner: str, reason: str, retryable: bool = True) -> None:
        super().__init__(f"{partner}: {reason}")
        self.partner = partner
        self.reason = reason
        self.retryable = retryable


class StoreUnavailable(Exception):
    """PostgreSQL or the session store cannot be reached; the request may be repeated later as it was."""
