"""The seal as a signature in the PDF itself (PAdES, ISO 32000-2 12.8): any reader shows whether a byte was changed."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from datetime import date

from asn1crypto.x509 import Certificate
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from channels.seal.drawing import draw
from domain.archives import ISSUER, Paper

FIELD = "Seal"
REASON = "加盖电子印章"


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSeal:
    """A private key with its certificate, both PEM or DER; the chain above it follows the certificate. `verify_url` is
    the public page that a paper's QR code leads to."""

    key: bytes = field(repr=False)
    certificates: bytes
    verify_url: str

    async def make(self, *, paper: Paper, number: str, code: str, issued_on: date) -> bytes:
        return await asyncio.to_thread(self._made, paper, number, code, issued_on)

    def trusted(self) -> list[Certificate]:
        """The certificates a reader has to know; the first is the one that signs."""
        return list(load_certs_from_pemder_data(self.certificates))

    def _made(self, paper: Paper, number: str, code: str, issued_on: date) -> bytes:
        link = f"{self.verify_url}/{number}?code={code}"
        content = draw(paper, number=number, code=code, link=link, issuer=ISSUER, issued_on=issued_on)
        signing, *chain = self.trusted()
        store = SimpleCertificateStore()
        store.register_multiple(chain)
        signer = signers.SimpleSigner(
            signing_cert=signing,
            signing_key=load_private_key_from_pemder_data(self.key, passphrase=None),
            cert_registry=store,
        )
        about = signers.PdfSignatureMetadata(
            field_name=FIELD, reason=REASON, name=ISSUER, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        )
        sealed = io.BytesIO()
        signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(content)), about, signer=signer, output=sealed)
        return sealed.getvalue()
