"""The evidence log: audit events in one signed, append-only Merkle tree that others can check without us.

`sealing` stamps what waits, after the fact; `proving` writes files with proofs; `verifier` checks them anywhere, by the
standard library alone; `auditing` holds the whole log against the audit trail.
"""

from auth.evidence.auditing import LogCheck, check_log
from auth.evidence.proving import latest_head, proof_file, public_keys
from auth.evidence.sealing import BATCH, seal

__all__ = ["BATCH", "LogCheck", "check_log", "latest_head", "proof_file", "public_keys", "seal"]
