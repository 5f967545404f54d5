"""Holds the whole log against the audit trail: every event of every leaf, every node, every signed head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auth.evidence import merkle, verifier
from auth.evidence.leaves import COLUMNS, content_of
from auth.evidence.proving import public_keys
from auth.evidence.sealing import stamp_text
from domain.kernel import database

_CHUNK = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheck:
    """`broken` are Chinese sentences, the first hundred; `waiting` events have no stamp yet."""

    leaves: int
    heads: int
    waiting: int
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.broken


class _Tree:
    """The root after any number of leaves, from the leaves alone: nothing that is kept is trusted."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        self.size += 1
        self._edge.append((0, leaf))
        while len(self._edge) > 1 and self._edge[-1][0] == self._edge[-2][0]:
            level, right = self._edge.pop()
            _, left = self._edge.pop()
            self._edge.append((level + 1, merkle.node_hash(left, right)))

    def root(self) -> bytes:
        if not self._edge:
            return merkle.EMPTY_ROOT
        found = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            found = merkle.node_hash(left, found)
        return found


async def check_log() -> LogCheck:
    """Reads the log from its first leaf. An event that was changed or deleted, a leaf or a head that was altered, and
    an event that never came to wait for its stamp are each found."""
    broken: list[str] = []
    heads = {row["tree_size"]: row for row in await database.rows("SELECT * FROM evidence_head ORDER BY tree_size")}
    keys = {key["kid"]: key for key in await public_keys()}
    tree = _Tree()
    while True:
        names = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
        rows = await database.rows(
            f"SELECT l.position, l.event_id AS stamped, n.hash, {names} FROM evidence_leaf l"
            " LEFT JOIN audit_event e USING (event_id)"
            " LEFT JOIN evidence_node n ON n.level = 0 AND n.position = l.position"
            " WHERE l.position >= $1 ORDER BY l.position LIMIT $2",
            tree.size,
            _CHUNK,
        )
        if not rows:
            break
        for row in rows:
            broken.extend(_broken_leaf(row, expected=tree.size))
            tree.add(row["hash"] or bytes(32))
            head = heads.pop(tree.size, None)
            if head is not None:
                broken.extend(_broken_head(head, root=tree.root(), keys=keys))
    broken.extend(f"日志头（{size}条）没有对应的事件。" for size in heads)
    unstamped = await database.value(
        "SELECT count(*) FROM audit_event e"
        " WHERE NOT EXISTS (SELECT FROM evidence_leaf l WHERE l.event_id = e.event_id)"
        " AND NOT EXISTS (SELECT FROM evidence_pending p WHERE p.event_id = e.event_id)"
    )
    if unstamped:
        broken.append(f"{unstamped}条事件既未封存也不在等待之列。")
    return LogCheck(
        leaves=tree.size,
        heads=await database.value("SELECT count(*) FROM evidence_head"),
        waiting=await database.value("SELECT count(*) FROM evidence_pending"),
        broken=tuple(broken[:100]),
    )


def _broken_leaf(row: database.Record, *, expected: int) -> Iterator[str]:
    if row["position"] != expected:
        yield f"日志缺少第{expected}条。"
    if row["event_id"] is None:
        yield f"第{row['position']}条的事件{row['stamped']}已被删除。"
    elif row["hash"] is None or merkle.leaf_hash(content_of(row)) != row["hash"]:
        yield f"第{row['position']}条的事件{row['stamped']}内容被改动。"


def _broken_head(head: database.Record, *, root: bytes, keys: dict[str, dict[str, str]]) -> Iterator[str]:
    if head["root"] != root:
        yield f"日志头（{head['tree_size']}条）与事件不符。"
    told = {
        "treeSize": head["tree_size"],
        "root": head["root"].hex(),
        "sealedAt": stamp_text(head["sealed_at"]),
        "signatures": head["signatures"],
    }
    try:
        verifier.require_signed(told, keys)
    except verifier.Broken as error:
        yield f"日志头（{head['tree_size']}条）：{error}"
