"""Trusted documents: what a channel may run, registered before it is asked for.

A document is known by the SHA-256 of its text (`identity`), belongs to a service under a name and a version, and is
granted to channels. `folder` reads the `.graphql` files beside a channel, `checking` validates one, prices it and says
in words what it reads and changes, `typescript` writes the module that gives a client its types, `store` keeps it,
`registry` is the memory of each process.
"""

from schema.trusted.checking import Checked, DocumentFault, check
from schema.trusted.folder import FolderFault, Service, read_folder, written_map
from schema.trusted.identity import DOCUMENT_ID, document_id_of, source_of
from schema.trusted.registry import Registry, Trusted
from schema.trusted.store import Published, WithdrawalFault, publish, withdraw
from schema.trusted.typescript import written_module

__all__ = [
    "DOCUMENT_ID",
    "Checked",
    "DocumentFault",
    "FolderFault",
    "Published",
    "Registry",
    "Service",
    "Trusted",
    "WithdrawalFault",
    "check",
    "document_id_of",
    "publish",
    "read_folder",
    "source_of",
    "withdraw",
    "written_map",
    "written_module",
]
