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


def account_index(number: str) -> bytes | None:
    """A blind index over letters and digits only. None for an empty number."""
    key = re.sub(r"[^A-Z0-9]", "", normal(number))
    return vault.current().blind_index(f"bank-account:{key}") if key else None


def name_index(name: str) -> bytes | None:
    """A blind index over the name without blanks. None for an empty name."""
    key = normal(name).replace(" ", "")
    return vault.current().blind_index(f"party-name:{key}") if key else None


def shown_account(number: str) -> str:
    return mask_card(number.strip())


def shown_name(name: str) -> str:
    """Organisations as they are, natural persons masked."""
    name = name.strip()
    return name if len(name) > _PERSON_NAME_CHARS_MAX else mask_name(name)
