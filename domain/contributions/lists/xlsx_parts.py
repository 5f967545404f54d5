"""The parts of a workbook: a ZIP of XML files, read in bounded pieces. ECMA-376, part 1, sections 18.3 and 18.4.

Elements come in runs of thousands that look alike, so that they are cut out of the text by their closing tag and read
by one expression; an element of another shape is given to the XML parser by itself. No document type, no entity, no
comment and no oversized part is read: no spreadsheet program writes them.
"""

from __future__ import annotations

import codecs
import posixpath
import re
import zipfile
from array import array
from collections.abc import Callable, Iterator
from xml.parsers import expat

from domain.contributions.refusals import FILE_SIZE
from domain.kernel.refusal import Refused

PART_BYTES_MAX = 256 * 1024 * 1024
"""Of one part unpacked: a list of 100,000 rows takes a fifth of it. What unpacks to more is no list."""
ELEMENT_CHARS_MAX = 1_000_000
TEXT_CHARS_MAX = 500
_CHUNK = 256 * 1024
_PREFIXED = re.compile(r"<(\w+):(?:worksheet|sst)\b")
_PLAIN_TEXT = re.compile(r'<si>\s*<t(?: xml:space="preserve")?>([^<]*)</t>\s*</si>')
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));|&")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Unsound(ValueError):
    """A part that no spreadsheet program writes."""


def chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Raises Refused for a part that unpacks to more than it may."""
    info = archive.getinfo(name)
    if info.file_size > PART_BYTES_MAX or info.flag_bits & 1:
        raise Refused(FILE_SIZE(most=PART_BYTES_MAX >> 20))
    read = 0
    with archive.open(info) as part:
        while chunk := part.read(_CHUNK):
            read += len(chunk)
            if read > PART_BYTES_MAX:
                raise Refused(FILE_SIZE(most=PART_BYTES_MAX >> 20))
            yield chunk


def elements(archive: zipfile.ZipFile, name: str, wanted: str) -> Iterator[str]:
    """Every element of that name as text, `<row …>…</row>`, without its namespace's prefix."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest, prefix = "", None
    closing = f"</{wanted}>"
    opening = re.compile(rf"<{wanted}[\s>/]")
    for chunk in chunks(archive, name):
        text = decoder.decode(chunk)
        if "<!" in text or (rest.endswith("<") and text.startswith("!")):
            raise Unsound("a document type, a comment or raw text")
        rest += text
        if prefix is None and ">" in rest:
            found = _PREFIXED.search(rest[:4096])
            prefix = found[1] if found else ""
        if prefix:
            rest = rest.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")
        at = 0
        while (end := rest.find(closing, at)) >= 0:
            piece = rest[at : end + len(closing)]
            at = end + len(closing)
            begun = opening.search(piece)
            if begun is None:
                raise Unsound("an element that ends before it begins")
            yield piece[begun.start() :]
        rest = rest[at:]
        if len(rest) > ELEMENT_CHARS_MAX + _CHUNK:
            raise Unsound("an element without an end")
    decoder.decode(b"", True)


def parse(
    text: str,
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> None:
    """One element by the XML parser; handlers get names without prefixes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda element, attributes: start(
        local(element), {local(key): value for key, value in attributes.items()}
    )
    if end is not None:
        ending = end
        parser.EndElementHandler = lambda element: ending(local(element))
    if data is not None:
        parser.CharacterDataHandler = data
    parser.Parse(text, True)


def local(name: str) -> str:
    return name.rpartition(":")[2]


def unescaped(text: str) -> str:
    """Text of an element with its references resolved. Raises Unsound for one that XML has not."""
    return _REFERENCE.sub(_resolved, text) if "&" in text else text


def _resolved(found: re.Match[str]) -> str:
    hexadecimal, decimal, named = found.groups()
    if named:
        return _NAMED[named]
    if hexadecimal or decimal:
        return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))
    raise Unsound("an entity")


def sheet_and_texts(archive: zipfile.ZipFile) -> tuple[str, str | None]:
    """Names of the first sheet's part and of the shared texts'."""
    sheets = _attributes(archive, "xl/workbook.xml", "sheet")
    relations = _attributes(archive, "xl/_rels/workbook.xml.rels", "Relationship")
    targets = {one["Id"]: posixpath.normpath(posixpath.join("/xl", one["Target"]))[1:] for one in relations}
    if not sheets:
        raise Unsound("a workbook without a sheet")
    texts = [targets[one["Id"]] for one in relations if one.get("Type", "").endswith("/sharedStrings")]
    return targets[sheets[0]["id"]], texts[0] if texts else None


def _attributes(archive: zipfile.ZipFile, name: str, wanted: str) -> list[dict[str, str]]:
    """The attributes of each element of that name in a small part."""
    found: list[dict[str, str]] = []
    whole = b"".join(chunks(archive, name))
    if len(whole) > ELEMENT_CHARS_MAX or b"<!" in whole:
        raise Unsound("a part that should be small and plain")
    parse(whole.decode("utf-8-sig"), start=lambda tag, attributes: found.append(attributes) if tag == wanted else None)
    return found


class SharedTexts:
    """Shared texts as bytes end to end: half a million of them cost what they are long, not an object each."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str | None) -> SharedTexts:
        texts = cls()
        if name is not None:
            for element in elements(archive, name, "si"):
                plain = _PLAIN_TEXT.fullmatch(element)
                texts._add(unescaped(plain[1]) if plain else rich_text(element))
        return texts

    def _add(self, text: str) -> None:
        self._bytes += text[:TEXT_CHARS_MAX].encode()
        self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends):
            raise Unsound("a text that is not there")
        return self._bytes[self._ends[index - 1] if index else 0 : self._ends[index]].decode()


def rich_text(element: str) -> str:
    """The text of runs with formats; phonetic hints are no part of it."""
    pieces: list[str] = []
    depth = {"t": 0, "rPh": 0}

    def start(tag: str, _: dict[str, str]) -> None:
        if tag in depth:
            depth[tag] += 1

    def end(tag: str) -> None:
        if tag in depth:
            depth[tag] -= 1

    def data(text: str) -> None:
        if depth["t"] and not depth["rPh"]:
            pieces.append(text)

    parse(element, start=start, end=end, data=data)
    return "".join(pieces)
