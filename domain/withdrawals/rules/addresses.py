"""One address from its several spellings, and how alike two addresses are.

`normalised` is what is compared and kept as a key; `signs` writes it in letters that the database's trigrams know,
three for each sign, so that the similarity of two texts is that of their signs and of their order.
"""

from __future__ import annotations

import re
import unicodedata

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE = "零〇一二两三四五六七八九十百"
_CHINESE_NUMBER = re.compile(rf"[{_CHINESE}]+(?=号|栋|幢|座|楼|层|单元|室|户|区(?!县)|院|弄)|[{_CHINESE}]{{2,}}$")
_BETWEEN = re.compile(r"[\s,，.。、;；:：()（）\[\]【】·•\"'“”‘’/\\_]+")
_TOWER = re.compile(r"(\d+)(?:号楼|栋|幢|座|#楼|#|楼(?!层))")
_NUMBERS = re.compile(r"\d+[a-z]?|(?<![a-z])[a-z](?=座|栋)")
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def normalised(address: str) -> str:
    """`北京市朝阳区演示路 3 号院一号楼２单元101室` and `朝阳区演示路3号院1栋2单元101` are the same: widths, Chinese
    numerals, words for towers and rooms, the city's name and punctuation do not count."""
    text = unicodedata.normalize("NFKC", address).casefold()
    text = _BETWEEN.sub("", text)
    text = _CHINESE_NUMBER.sub(lambda found: str(_number(found[0])), text)
    text = re.sub(r"^(中国)?(北京市?)+(市辖区)?", "", text)
    text = re.sub(r"[-—–~]+", "-", text)
    text = re.sub(r"(\d+)-(\d+)-(\d+)$", r"\1号楼\2单元\3", text)
    text = re.sub(r"(?<=号院)(\d+)-(\d+)$", r"\1号楼\2", text)
    text = _TOWER.sub(r"\1号楼", text)
    text = re.sub(r"(\d+)(?:号门|门(?!牌))", r"\1单元", text)
    return re.sub(r"(\d+)(?:室|户|房)$", r"\1", text)


def signs(address: str) -> str:
    """A normalised address for the trigram index."""
    return "".join(_sign(letter) for letter in address)


def numbers(address: str) -> tuple[str, ...]:
    """The numbers of house, tower, entrance and room in their order: two homes that differ in one are two homes."""
    return tuple(_NUMBERS.findall(address))


def same_home(one: str, other: str) -> bool:
    """Whether two normalised addresses that the index found alike may be one home: all numbers agree."""
    return numbers(one) == numbers(other)


def _number(text: str) -> int:
    """十二 → 12, 一百零三 → 103, 三〇一 → 301."""
    if not set(text) & set("十百"):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, digit = 0, 0
    for sign in text:
        if sign == "百":
            total, digit = total + (digit or 1) * 100, 0
        elif sign == "十":
            total, digit = total + (digit or 1) * 10, 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def _sign(letter: str) -> str:
    value, written = ord(letter) % 36**3, ""
    for _ in range(3):
        value, rest = divmod(value, 36)
        written = _LETTERS[rest] + written
    return written
