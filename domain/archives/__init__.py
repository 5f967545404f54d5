"""档案: papers that the centre issues under its electronic seal, numbered, kept and verified by anybody who holds one;
and papers that it was given, scanned and filed (`filing`).

An area that issues a paper says what stands on it (`Paper`) and calls `issue` in the transaction of its matter; the
file is drawn and sealed when it is fetched first (`sealed_paper`), and is the same bytes for ever after.
"""

from domain.archives.filing import (
    MODULE_NAMES,
    SCAN_BYTES_MAX,
    FiledFilters,
    FiledPaper,
    Module,
    Scan,
    file_paper,
    filed,
    filed_under,
    media_type_of,
    open_filed,
    strike_out,
)
from domain.archives.issuing import PaperView, issue, paper_view, papers_of, revoke, sealed_paper
from domain.archives.paper import ISSUER, Paper
from domain.archives.ports import Press, install
from domain.archives.verifying import Verified, verification_code, verify

__all__ = [
    "ISSUER",
    "MODULE_NAMES",
    "SCAN_BYTES_MAX",
    "FiledFilters",
    "FiledPaper",
    "Module",
    "Paper",
    "PaperView",
    "Press",
    "Scan",
    "Verified",
    "file_paper",
    "filed",
    "filed_under",
    "install",
    "issue",
    "media_type_of",
    "open_filed",
    "paper_view",
    "papers_of",
    "revoke",
    "sealed_paper",
    "strike_out",
    "verification_code",
    "verify",
]
