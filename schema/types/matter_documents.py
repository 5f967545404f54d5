"""Papers that come with a matter: small ones in Base64; larger ones are brought through the employer's page."""

from __future__ import annotations

import base64
import binascii

import strawberry

from domain.contributions import GivenDocument
from domain.contributions.refusals import DOCUMENT_TYPE
from domain.kernel.refusal import Refused


@strawberry.input(description="材料 · a document that comes with a matter")
class DocumentInput:
    kind: str = strawberry.field(
        description="材料类别 · superior_approval, bankruptcy_ruling, company_resolution, union_resolution, licence,"
        " application or other"
    )
    name: str = strawberry.field(description="文件名 · name of the file")
    content: str = strawberry.field(description="内容 · PDF, JPEG or PNG in Base64, as large as a request may be")

    def given(self) -> GivenDocument:
        """Raises Refused for what is no Base64."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError):
            raise Refused(DOCUMENT_TYPE()) from None
        return GivenDocument(kind=self.kind, name=self.name, content=content)
