"""Our own orders in the lines of a bank: money that a deposit or a collection moves is no receipt of anybody's.

The settlement system writes our serial number (业务流水号) into the remark of each line it books for an order of ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.kernel.database import Executor

DEPOSIT_PREFIX, BATCH_PREFIX = "D", "B"

_SERIAL = re.compile(r"(?<![0-9A-Z])[DB][0-9]{15,19}(?![0-9A-Z])")


async def own_serials(using: Executor, *, texts: Sequence[str]) -> frozenset[str]:
    """The serial numbers of our deposits' and batches' orders that these remarks name."""
    named = {serial for text in texts for serial in _SERIAL.findall(text)}
    if not named:
        return frozenset()
    rows = await using.rows(
        "SELECT serial_no FROM deposit_order WHERE serial_no = ANY ($1)"
        " UNION SELECT serial_no FROM bank_batch WHERE serial_no = ANY ($1)",
        sorted(named),
    )
    return frozenset(row["serial_no"] for row in rows)


def names_own(text: str, *, own: frozenset[str]) -> bool:
    return not own.isdisjoint(_SERIAL.findall(text))
