"""How a document is named: the SHA256 hex document identifier of GraphQL over HTTP, appendix Persisted Documents
(draft): `sha256:` and the lower-case hash of the source text in UTF-8."""

from __future__ import annotations

import hashlib
import re

DOCUMENT_ID = re.compile(r"sha256:[0-9a-f]{64}")


def source_of(file_text: str) -> str:
    """The text that is hashed: that of the file, without the blank space around it, which editors add."""
    return file_text.replace("\r\n", "\n").strip()


def document_id_of(source: str) -> str:
    """Every character counts: errors are located in the text."""
    return f"sha256:{hashlib.sha256(source.encode()).hexdigest()}"
