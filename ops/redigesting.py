"""Changing the key of digests: what is compared is compared under every key that stands, and each digest beside a
sealed value is made anew from it.

The others are of what nobody keeps: a request that came before, a code that was told. They are compared under the older
key until that is retired, and it is retired when none of them can matter any more (`left_of_digests`, `KEPT_FOR`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from domain.contributions import collection_text, name_text
from domain.kernel import vault
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.vault import keyed_sm3
from domain.settlement import account_text
from domain.settlement import name_text as payer_text
from ops.rotation_progress import note, place_of, rows_after

KEPT_FOR = timedelta(days=90)
"""So long after the change a repeated request is still known by its digest under the older key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTable:
    """Digests beside the sealed values that they are made of: column → (sealed column, what is digested)."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, Callable[[str], str | None]]]


_PAYER = {
    "payer_account_index": ("payer_account_cipher", account_text),
    "payer_name_index": ("payer_name_cipher", payer_text),
}
_MOBILE = {"mobile_index": ("mobile_cipher", str)}
# rows of lists before persons, who take their name's digest from them
DIGEST_TABLES = (
    DigestTable(name="bank_receipt", key=("receipt_id",), columns=_PAYER),
    DigestTable(name="expected_receipt", key=("expectation_id",), columns=_PAYER),
    DigestTable(
        name="employer_account",
        key=("employer_no",),
        columns={"collection_account_index": ("collection_account_cipher", collection_text)},
    ),
    DigestTable(
        name="contribution_list_row",
        key=("employer_no", "list_id", "row_no"),
        columns={"name_index": ("name_cipher", name_text)},
    ),
    DigestTable(name="person", key=("person_id",), columns={"name_index": ("name_cipher", name_text)}),
    DigestTable(name="sms_message", key=("account_no", "message_id"), columns=_MOBILE),
    DigestTable(name="sms_inbound", key=("inbound_id",), columns=_MOBILE),
    DigestTable(name="sms_stray_receipt", key=("stray_id",), columns=_MOBILE),
)
OPT_OUTS = "sms_opt_out"
DIGESTED = (*(table.name for table in DIGEST_TABLES), OPT_OUTS)

COMPARED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("request_record", "input_hash"): "a repeated request",
        ("bank_batch", "input_hash"): "a batch told again",
        ("bank_receipt", "input_hash"): "money told again",
        ("expected_receipt", "input_hash"): "an expectation registered again",
        ("city_application", "digest"): "an application told again",
        ("account_transfer", "letter_digest"): "a letter told again",
        ("exchange_row", "person_key"): "a later fact about a person",
        ("evaluation_invitation_lookup", "secret_index"): "a code of at most a month",
        ("phone_proof", "code_hash"): "a code of minutes",
        ("face_check", "request_digest"): "a request of minutes",
        ("withdrawal_claim", "household"): "a family's claims",
    }
)
"""Digests that cannot be made anew; each is compared under every key that stands."""


async def digest_step(tx: Transaction, *, number: int, now: datetime, chunk: int) -> int:
    """The next chunk; how many rows were seen, 0 when nothing is left."""
    new = vault.current()._ring().digests[number]
    for table in DIGEST_TABLES:
        place = await place_of(tx, "digest", number, table.name)
        if place is None or place["finished_at"] is None:
            return await _move(tx, table, number=number, new=new, place=place, now=now, chunk=chunk)
    place = await place_of(tx, "digest", number, OPT_OUTS)
    if place is None or place["finished_at"] is None:
        return await _move_opt_outs(tx, number=number, new=new, place=place, now=now, chunk=chunk)
    return 0


async def left_of_digests(tx: Transaction, number: int, *, now: datetime) -> int:
    """What still needs an older key: open expectations from before they had a sealed payer, papers that people hold
    with their code, claims that count for a family."""
    since = await tx.value("SELECT active_from FROM vault_key WHERE purpose = 'digest' AND number = $1", number)
    expectations: int = await tx.value(_UNSEALED)
    papers: int = await tx.value(_PAPERS, since, business_date_of(now))
    # a look-up is read in two steps
    claims = await tx.rows("SELECT account_no, case_id FROM withdrawal_claim WHERE state <> 'released'")
    earlier: int = await tx.value(
        _EARLIER, [row["account_no"] for row in claims], [row["case_id"] for row in claims], since
    )
    return expectations + papers + earlier


_UNSEALED = """
SELECT count(*) FROM expected_receipt WHERE state = 'open'
    AND ((payer_account_index IS NOT NULL AND payer_account_cipher IS NULL)
         OR (payer_name_index IS NOT NULL AND payer_name_cipher IS NULL))
"""
_PAPERS = """
SELECT count(*) FROM issued_paper
WHERE state = 'issued' AND issued_at < $1 AND (valid_until IS NULL OR valid_until >= $2)
"""
_EARLIER = """
SELECT count(*) FROM service_case c
JOIN unnest($1::bigint[], $2::bigint[]) AS claim (account_no, case_id) USING (account_no, case_id)
WHERE c.submitted_at < $3
"""


async def _move(
    tx: Transaction, table: DigestTable, *, number: int, new: bytes, place: Record | None, now: datetime, chunk: int
) -> int:
    ciphers = [cipher for cipher, _ in table.columns.values()]
    last = None if place is None else place["last_key"]
    rows = await rows_after(tx, table.name, table.key, (*table.key, *table.columns, *ciphers), last=last, chunk=chunk)
    held, moved = vault.current(), 0
    where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(table.key, start=3))
    for row in rows:
        for column, (cipher, text_of) in table.columns.items():
            if row[column] is None or not row[cipher]:
                continue
            text = text_of(held.decrypt(row[cipher]))
            if text is None or (made := keyed_sm3(new, text.encode())) == row[column]:
                continue
            # what was written meanwhile is under the new key already and stays
            await tx.execute(
                f"UPDATE {table.name} SET {column} = $1 WHERE {column} = $2 AND {where}",
                made,
                row[column],
                *(row[name] for name in table.key),
            )
            moved += 1
    await note(tx, "digest", number, table.name, table.key, rows, moved=moved, chunk=chunk, now=now)
    return max(len(rows), 1)


async def _move_opt_outs(
    tx: Transaction, *, number: int, new: bytes, place: Record | None, now: datetime, chunk: int
) -> int:
    """Who wants no bulk messages is kept by the digest of the number alone; the number stands in the message that said
    so."""
    key = ("inbound_id",)
    last = None if place is None else place["last_key"]
    rows = await rows_after(tx, OPT_OUTS, key, (*key, "mobile_index"), last=last, chunk=chunk)
    said = await tx.rows(
        "SELECT inbound_id, mobile_cipher FROM sms_inbound WHERE inbound_id = ANY($1)",
        [row["inbound_id"] for row in rows],
    )
    held = vault.current()
    made_of = {row["inbound_id"]: keyed_sm3(new, held.decrypt(row["mobile_cipher"]).encode()) for row in said}
    for row in rows:
        made = made_of[row["inbound_id"]]
        if made == row["mobile_index"]:
            continue
        await tx.execute(
            "UPDATE sms_opt_out SET mobile_index = $1 WHERE mobile_index = $2"
            " AND NOT EXISTS (SELECT FROM sms_opt_out WHERE mobile_index = $1)",
            made,
            row["mobile_index"],
        )
        # said again under the new key meanwhile
        await tx.execute("DELETE FROM sms_opt_out WHERE mobile_index = $1", row["mobile_index"])
    await note(tx, "digest", number, OPT_OUTS, key, rows, moved=len(rows), chunk=chunk, now=now)
    return max(len(rows), 1)
