"""Cutting a table into partitions of about equal rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.dayend.ports import Partition
from domain.kernel.database import Executor

PARTITION_ROWS = 50_000
"""What two workers did best with (docs/performance.md); a statement over so many rows ends far below 30 seconds."""

_NAME = re.compile(r"[a-z_]+")


async def ranges_of(
    using: Executor, *, table: str, column: str = "account_no", size: int = PARTITION_ROWS
) -> Sequence[Partition]:
    """Ranges of the table's numbers, `size` rows each, from its index alone. Numbers that are opened later and lie
    between two ranges belong to none: they were not there on the date."""
    assert _NAME.fullmatch(table) and _NAME.fullmatch(column), "names come from the source"
    measured = "SELECT min(number) AS lo, max(number) AS hi, count(*) AS rows FROM"
    rows = await using.rows(
        f"WITH RECURSIVE part AS (SELECT 1 AS no, s.* FROM ({measured}"
        f" (SELECT {column} AS number FROM {table} ORDER BY 1 LIMIT $1::bigint) f) s"
        f" UNION ALL SELECT part.no + 1, s.* FROM part CROSS JOIN LATERAL ({measured}"
        f" (SELECT {column} AS number FROM {table} WHERE {column} > part.hi ORDER BY 1 LIMIT $1::bigint) f) s"
        " WHERE part.rows = $1::bigint) SELECT no, lo, hi, rows FROM part WHERE rows > 0 ORDER BY no",
        size,
    )
    return [Partition(no=row["no"], lo=row["lo"], hi=row["hi"], rows=row["rows"]) for row in rows]
