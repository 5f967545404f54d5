"""上行短信: texts that people send to our number. Kept sealed; one that asks for it ends bulk messages (退订); what is
neither that nor its opposite goes to the door of replies, where an answer to an invitation becomes an evaluation.

A text is acknowledged to its carrier only after all of this, and each part of it happens once: whatever dies in
between, the carrier tells it again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from channels.sms_replies import door
from domain.kernel import database, vault
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from notifications.numbers import normal_mobile
from notifications.ports import InboundSms

Meaning = Literal["opt_out", "opt_in", "other"]
MEANING_NAMES: dict[Meaning, str] = {"opt_out": "退订", "opt_in": "恢复接收", "other": "其他"}

_OPT_OUT = re.compile(r"(?i)\s*(TD|T|N|退订|取消|拒收)\s*")
_OPT_IN = re.compile(r"(?i)\s*(HF|Y|恢复|订阅)\s*")
_PIECES_WITHIN = timedelta(days=1)
"""A carrier counts references from the beginning again and again: older pieces belong to another text."""


def meaning_of(text: str) -> Meaning:
    """Only a text that is nothing else: a sentence with the word in it is for people to read."""
    if _OPT_OUT.fullmatch(text):
        return "opt_out"
    return "opt_in" if _OPT_IN.fullmatch(text) else "other"


async def keep(*, texts: Sequence[InboundSms], now: datetime) -> int:
    """Gives how many were new; the same text again changes nothing."""
    kept = 0
    for one in texts:
        kept += await _keep(one)
        if _meaning(one) == "other":
            await _hand_over(one, now=now)
    return kept


def _meaning(one: InboundSms) -> Meaning:
    # the last piece of a long text may be a single letter: only a whole text asks for anything
    return meaning_of(one.text) if one.total == 1 else "other"


async def _keep(one: InboundSms) -> bool:
    sealed, inbound_id, meaning = vault.current(), new_id(), _meaning(one)
    mobile = normal_mobile(one.mobile) or one.mobile
    index = sealed.blind_index(mobile)
    async with database.transaction() as tx:
        made = await tx.value(
            "INSERT INTO sms_inbound (inbound_id, carrier, carrier_number, mobile_index, mobile_cipher,"
            " text_cipher, dest, reference, part_total, part_no, meaning, received_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            " ON CONFLICT (carrier, carrier_number) DO NOTHING RETURNING inbound_id",
            inbound_id,
            one.carrier,
            one.carrier_id,
            index,
            sealed.encrypt(mobile),
            sealed.encrypt(one.text),
            one.dest,
            one.reference,
            one.total,
            one.number,
            meaning,
            one.received_at,
        )
        if made is None:
            return False
        if meaning == "opt_out":
            await tx.execute(
                "INSERT INTO sms_opt_out (mobile_index, since, inbound_id) VALUES ($1, $2, $3)"
                " ON CONFLICT (mobile_index) DO NOTHING",
                index,
                one.received_at,
                inbound_id,
            )
        elif meaning == "opt_in":
            await tx.execute("DELETE FROM sms_opt_out WHERE mobile_index = ANY($1)", sealed.blind_indexes(mobile))
    return True


async def _hand_over(one: InboundSms, *, now: datetime) -> None:
    """A text that came in pieces goes when the last of them is there, whichever that is."""
    number, text = one.carrier_id, one.text
    if one.total > 1:
        whole = await _whole(one)
        if whole is None:
            return
        number, text = whole
    await door.take(
        key=sm3_hex(f"{one.carrier}:{number}".encode()),
        mobile=normal_mobile(one.mobile) or one.mobile,
        text=text.replace("\x00", ""),
        received_at=one.received_at,
        app=one.carrier,
        now=now,
    )


async def _whole(one: InboundSms) -> tuple[str, str] | None:
    """The carrier's number of the first piece, and the text of all; None while a piece is missing."""
    sealed = vault.current()
    rows = await database.rows(
        "SELECT DISTINCT ON (part_no) part_no, carrier_number, text_cipher FROM sms_inbound"
        " WHERE carrier = $1 AND mobile_index = ANY($2) AND dest = $3 AND reference = $4 AND part_total = $5"
        " AND received_at BETWEEN $6 AND $7 ORDER BY part_no, received_at DESC",
        one.carrier,
        sealed.blind_indexes(normal_mobile(one.mobile) or one.mobile),
        one.dest,
        one.reference,
        one.total,
        one.received_at - _PIECES_WITHIN,
        one.received_at + _PIECES_WITHIN,
    )
    if len(rows) < one.total:
        return None
    return rows[0]["carrier_number"], "".join(sealed.decrypt(row["text_cipher"]) for row in rows)
