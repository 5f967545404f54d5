"""What a file is, by its first bytes: its name and the sender's word do not count."""

from __future__ import annotations

_MARKS = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def media_type_of(content: bytes) -> str | None:
    """PDF, JPEG, PNG or TIFF; None for anything else."""
    return next((media_type for mark, media_type in _MARKS if content.startswith(mark)), None)
