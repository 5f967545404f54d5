"""The centre's press: papers drawn as PDF and sealed. The city's seal platform (GB/T 38540, SM2) would stand here."""

from channels.seal.signing import PdfSeal

__all__ = ["PdfSeal"]
