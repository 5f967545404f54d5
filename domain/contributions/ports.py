"""What collection asks of other agencies about persons: identity (公安), pension (人社), accounts in other cities.

Many at once, because a list names many. An agency in trouble is an answer too: its name stands in `no_answer` of each
person, and the row waits to be checked again. Never raises for a partner's trouble, never called in a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.contributions.rules.persons import Standing
from domain.kernel.identifiers import mask_id_document, mask_name

__all__ = ["ASKED_MAX", "PersonAsked", "PersonRegistries", "Standing"]

ASKED_MAX = 500
"""Persons of one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAsked:
    """`document_type` is ZJLX of JGJ/T 320 (01 = 身份证)."""

    name: str
    document_type: str
    document_no: str

    def __repr__(self) -> str:
        return f"PersonAsked({mask_name(self.name)}, {mask_id_document(self.document_no)})"


class PersonRegistries(Protocol):
    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        """One answer a person, in the order asked; at most ASKED_MAX."""
        ...
