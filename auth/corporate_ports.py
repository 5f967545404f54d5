"""What login asks of the legal persons' platform (法人统一认证、法人一证通、电子营业执照)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from domain.kernel.identifiers import mask_id_document, mask_name

Credential = Literal["password", "certificate", "business_licence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateClaims:
    """A person and the legal person they came for, by the platform's answer. `document_no` is a resident identity
    card's; `level` counts 1 to 4 like the natural person's; `credential` is what they logged in with."""

    provider: str
    subject: str
    name: str
    document_no: str
    uscc: str
    employer_name: str
    legal_representative: bool
    credential: Credential
    level: int

    def __repr__(self) -> str:
        """Without personal data: claims end up in tracebacks."""
        person = f"{mask_name(self.name)}, {mask_id_document(self.document_no)}"
        return f"CorporateClaims({self.provider}, {person}, {self.uscc}, L{self.level})"


class CorporateIdentity(Protocol):
    """Authorization code flow. `state` is a fresh random value of the caller."""

    def authorization_url(self, *, state: str, redirect_uri: str) -> str:
        """Where to send the browser. Asks nobody."""
        ...

    async def exchange(self, *, code: str, redirect_uri: str, now: datetime) -> CorporateClaims:
        """Redeems a code, once. Raises IdentityRejected, or PartnerFailure for an outage."""
        ...
