"""Words and numbers as banks write them, made comparable. Pure but for the vault's keyed digests.

Banks and the transfer platform write the same thing in full-width and half-width characters, with and without blanks;
a contact letter's number stands between number signs, `#` or `＃` (R14.5). NFKC makes both one.
"""

from __future__ import annotations

import re
import unicodedata

from domain.kernel import vault
from domain.kernel.identifiers import mask_card, mask_name

REFERENCE = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{4,30})[A-Z0-9]")

_WORD = re.compile(r"(#?)([A-Z0-9][A-Z0-9-]*[A-Z0-9])")
# Chinese names of natural persons have two to four characters; longer ones are organisations', which are public.
_PERSON_NAME_CHARS_MAX = 4


def normal(text: str) -> str:
    """Half-width, upper case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).upper().split())


def references(text: str) -> tuple[str, ...]:
    """What may be a reference number, in order: those behind a number sign first, because somebody marked them."""
    found = [(sign == "", word) for sign, word in _WORD.findall(normal(text)) if REFERENCE.fullmatch(word)]
    ordered = [word for _, word in sorted(found, key=lambda pair: pair[0])]
    return tuple(dict.fromkeys(ordered))


def account_text(number: str) -> str | None:
    """What the index of an account's number is made of: letters and digits only. None for an empty number."""
    key = re.sub(r"[^A-Z0-9]", "", normal(number))
    return f"bank-account:{key}" if key else None


def name_text(name: str) -> str | None:
    """What the index of a name is made of: no blanks. None for an empty name."""
    key = normal(name).replace(" ", "")
    return f"party-name:{key}" if key else None


def account_index(number: str) -> bytes | None:
    """The blind index to be kept of an account's number."""
    told = account_text(number)
    return None if told is None else vault.current().blind_index(told)


def name_index(name: str) -> bytes | None:
    told = name_text(name)
    return None if told is None else vault.current().blind_index(told)


def account_indexes(number: str) -> frozenset[bytes]:
    """Every blind index under which the number may be kept; none for an empty one."""
    told = account_text(number)
    return frozenset() if told is None else frozenset(vault.current().blind_indexes(told))


def name_indexes(name: str) -> frozenset[bytes]:
    told = name_text(name)
    return frozenset() if told is None else frozenset(vault.current().blind_indexes(told))


def shown_account(number: str) -> str:
    return mask_card(number.strip())


def shown_name(name: str) -> str:
    """Organisations as they are, natural persons masked."""
    name = name.strip()
    return name if len(name) > _PERSON_NAME_CHARS_MAX else mask_name(name)
