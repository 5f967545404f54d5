"""What login asks of the unified identity platform (北京市统一身份认证), in terms of OpenID Connect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.kernel.identifiers import mask_id_document, mask_name


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClaims:
    """Who logged in, by a signature-checked answer of the provider. `document_type` is ZJLX of JGJ/T 320
    (01 = 身份证); `assurance_level` counts 1 to 4 (certLevel L1–L4, from 3 on 实名实人)."""

    provider: str
    subject: str
    name: str
    document_type: str
    document_no: str
    mobile: str | None
    assurance_level: int
    authenticated_at: datetime

    def __post_init__(self) -> None:
        assert self.subject and self.name and self.document_no, "an identity without its essentials"
        assert 1 <= self.assurance_level <= 4, f"level of assurance {self.assurance_level}"

    def __repr__(self) -> str:
        """Without personal data: claims end up in tracebacks."""
        person = f"{mask_name(self.name)}, {mask_id_document(self.document_no)}"
        return f"IdentityClaims({self.provider}, {person}, L{self.assurance_level})"


class IdentityRejected(Exception):
    """The provider said no, or said something that must not be believed. Nobody is logged in; the person may
    start again. `code` is one of:

    code_rejected     expired, used or foreign code, wrong verifier or redirect_uri (invalid_grant)
    token_forged      the id_token fails signature, issuer, audience, time or subject
    nonce_mismatch    the id_token answers another login
    claims_incomplete name, document or level of assurance missing or not understood
    access_denied     the person or the provider refused
    """

    def __init__(self, code: str, *, reason: str = "") -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason


class UnifiedIdentity(Protocol):
    """Authorization code flow with PKCE (S256). `state` and `nonce` are fresh random values of the caller;
    `code_verifier` has 43 to 128 characters (RFC 7636) and leaves our servers in `exchange` only."""

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str) -> str:
        """Where to send the browser. Asks nobody."""
        ...

    async def exchange(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: datetime, state: str = ""
    ) -> IdentityClaims:
        """Redeems a code, once; `state` goes along where the protocol asks for it again. Raises IdentityRejected, or
        PartnerFailure for an outage."""
        ...
