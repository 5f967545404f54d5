"""Request keys: the same key with the same input answers the same, with other input it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.digest import canonical_json, plain
from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.refusal import KEY_MALFORMED, KEY_REUSED, Refused


async def begin(
    tx: Transaction,
    *,
    actor: Actor,
    account_no: int,
    request_key: str,
    operation: str,
    given: object,
    now: datetime,
) -> dict[str, Any] | None:
    """None for a new request, which then must `finish` in this transaction; else what the earlier one answered.

    Two requests with one key at the same time: the second waits for the first at the unique key. Raises Refused
    for a malformed key and for a key that came with another operation or input.
    """
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    text = _input_text(operation, given)
    status = await tx.execute(
        "INSERT INTO request_record (account_no, request_key, actor, operation, input_hash, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        account_no,
        request_key,
        actor.reference,
        operation,
        vault.current().blind_index(text),
        now,
    )
    if status.endswith(" 1"):
        return None
    earlier = await tx.row(
        "SELECT input_hash, result FROM request_record WHERE account_no = $1 AND request_key = $2 AND actor = $3",
        account_no,
        request_key,
        actor.reference,
    )
    assert earlier is not None, "a request record vanished"
    if not vault.current().is_blind_index(earlier["input_hash"], text):
        raise Refused(KEY_REUSED())
    assert earlier["result"] is not None, f"{operation} committed without finishing its request record"
    result: dict[str, Any] = earlier["result"]
    audit.note_repeated()
    return result


async def answered(
    *, actor: Actor, account_no: int, request_key: str, operation: str, given: object
) -> dict[str, Any] | None:
    """What a finished request answered, without beginning one: spares a repeated request the questions to other
    agencies. Raises as `begin` does."""
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    row = await database.row(
        "SELECT input_hash, result FROM request_record WHERE account_no = $1 AND request_key = $2 AND actor = $3",
        account_no,
        request_key,
        actor.reference,
    )
    if row is None or row["result"] is None:
        return None
    if not vault.current().is_blind_index(row["input_hash"], _input_text(operation, given)):
        raise Refused(KEY_REUSED())
    result: dict[str, Any] = row["result"]
    audit.note_repeated()
    return result


async def finish(
    tx: Transaction, *, actor: Actor, account_no: int, request_key: str, result: Mapping[str, object]
) -> None:
    """Stores what to answer when the request comes again: references, not whole objects."""
    await tx.execute(
        "UPDATE request_record SET result = $4 WHERE account_no = $1 AND request_key = $2 AND actor = $3",
        account_no,
        request_key,
        actor.reference,
        plain(dict(result)),
    )


def _input_text(operation: str, given: object) -> str:
    """What the keyed digest is made of: the input may hold the number of a document, which a plain digest would let
    others guess."""
    return canonical_json({"operation": operation, "input": given}).decode()
