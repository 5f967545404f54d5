"""Templates of SMS and how a text is made of one.

A template is a file `templates/<code>.v<version>.yaml`, which comes with the release, or a later version that two
members of staff made (`notifications.wording`). Neither changes once it is in force: a new wording is a new version.
Texts begin with the signature, which carriers count.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from notifications.parts import count_parts

SIGNATURE = "【北京公积金】"

Lane = Literal["urgent", "business", "courtesy"]
"""What is sent first."""
Class = Literal["otp", "transactional", "bulk"]
"""One-time passwords, notices of a matter, and messages to many: routes, quiet hours and limits go by it."""
CLASS_NAMES: dict[Class, str] = {"otp": "验证码", "transactional": "业务通知", "bulk": "群发"}
LANE_NAMES: dict[Lane, str] = {"urgent": "紧急", "business": "普通", "courtesy": "提示"}
DEPARTMENT = "归集管理处"
"""Whom a message is counted for unless its template says otherwise."""

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FILE_NAME = re.compile(r"(?P<code>[a-z_]+(?:\.[a-z_]+)*)\.v(?P<version>[1-9][0-9]*)\.yaml")
# Control, format (zero width, bidirectional), surrogate, private, unassigned, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
VALUE_LENGTH_MAX = 60


class TemplateError(ValueError):
    """A text cannot be made. Names the template and the variable, never the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`lane` says what is sent first; `sent_by_default` that the event's consumer sends it without being
    told. `department` bears the cost."""

    code: str
    version: int
    lane: Lane
    text: str
    variables: tuple[str, ...]
    approved_by: str
    sample: dict[str, str]
    sent_by_default: bool = True
    class_: Class = "transactional"
    department: str = DEPARTMENT

    @property
    def priority(self) -> int:
        """The lane of the queue, 0 first: one-time passwords have one of their own, and so have bulk messages."""
        if self.class_ == "otp":
            return 0
        return 4 if self.class_ == "bulk" else {"urgent": 1, "business": 2, "courtesy": 3}[self.lane]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedSms:
    template: Template
    text: str
    parts: int


def render(*, template: Template, variables: dict[str, str]) -> RenderedSms:
    """The text with its signature. Raises TemplateError unless the variables are exactly those declared and
    each is a short line of printable characters without the brackets of a signature."""
    declared = set(template.variables)
    if set(variables) != declared:
        missing, unknown = sorted(declared - set(variables)), sorted(set(variables) - declared)
        raise TemplateError(f"{template.code}: missing {missing}, not declared {unknown}")
    for name, value in variables.items():
        _check_value(template=template, name=name, value=value)
    text = SIGNATURE + _PLACEHOLDER.sub(lambda found: variables[found[1]], template.text)
    return RenderedSms(template=template, text=text, parts=count_parts(text))


def variables_of(*, template: Template, text: str) -> dict[str, str]:
    """The variables that give this text by this template, for carriers that want them apart. Where two splits
    are possible, either gives the same text. Raises TemplateError when the text is not of this template."""
    pattern = [re.escape(SIGNATURE)]
    position = 0
    named: set[str] = set()
    for found in _PLACEHOLDER.finditer(template.text):
        pattern.append(re.escape(template.text[position : found.start()]))
        name = found[1]
        pattern.append(f"(?P={name})" if name in named else f"(?P<{name}>.+?)")
        named.add(name)
        position = found.end()
    pattern.append(re.escape(template.text[position:]))
    matched = re.fullmatch("".join(pattern), text)
    if matched is None:
        raise TemplateError(f"{template.code}: the text is not of version {template.version}")
    return matched.groupdict()


def template(code: str, *, version: int | None = None) -> Template:
    """The newest version, or the one named. Raises TemplateError when there is none."""
    versions = templates().get(code)
    if versions is None:
        raise TemplateError(f"there is no template {code}")
    found = versions.get(max(versions) if version is None else version)
    if found is None:
        raise TemplateError(f"there is no version {version} of template {code}")
    return found


@cache
def templates() -> dict[str, dict[int, Template]]:
    """All templates by code and version. A malformed file raises TemplateError at the first use, so at
    start."""
    found: dict[str, dict[int, Template]] = {}
    for path in sorted((Path(__file__).parent / "templates").glob("*.yaml")):
        read = read_template(file_name=path.name, content=path.read_text(encoding="utf-8"))
        found.setdefault(read.code, {})[read.version] = read
    return found


def read_template(*, file_name: str, content: str) -> Template:
    """Raises TemplateError when the file's name, fields, variables or sample do not agree."""
    name = _FILE_NAME.fullmatch(file_name)
    data = cast(dict[str, Any], yaml.safe_load(content))
    wanted = {"code", "version", "lane", "text", "variables", "approved_by", "sample"}
    optional = {"sent_by_default", "class", "department"}
    if name is None or not isinstance(data, dict) or not wanted <= set(data) <= wanted | optional:
        raise TemplateError(f"{file_name}: wrong name or fields")
    if (data["code"], data["version"]) != (name["code"], int(name["version"])):
        raise TemplateError(f"{file_name}: code and version are not those of the file's name")
    if data["lane"] not in get_args(Lane):
        raise TemplateError(f"{file_name}: there is no lane {data['lane']!r}")
    if data.get("class", "transactional") not in get_args(Class):
        raise TemplateError(f"{file_name}: there is no class {data['class']!r}")
    text = str(data["text"]).strip()
    if placeholders(text) != set(data["variables"]):
        raise TemplateError(f"{file_name}: the text's variables are not those declared, or it holds brackets")
    result = Template(
        code=data["code"],
        version=data["version"],
        lane=cast(Lane, data["lane"]),
        text=text,
        variables=tuple(data["variables"]),
        approved_by=str(data["approved_by"]),
        sample=dict(data["sample"]),
        sent_by_default=bool(data.get("sent_by_default", True)),
        class_=cast(Class, data.get("class", "transactional")),
        department=str(data.get("department", DEPARTMENT)),
    )
    render(template=result, variables=result.sample)
    return result


def placeholders(text: str) -> set[str] | None:
    """The variables that a text names; None when it holds other braces, the brackets of a signature or a line break."""
    rest = _PLACEHOLDER.sub("", text)
    if not text or any(bracket in rest for bracket in "{}【】\n"):
        return None
    return set(_PLACEHOLDER.findall(text))


def _check_value(*, template: Template, name: str, value: str) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > VALUE_LENGTH_MAX:
        raise TemplateError(f"{template.code}: {name} is not a text of 1 to {VALUE_LENGTH_MAX} characters")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value):
        raise TemplateError(f"{template.code}: {name} holds a character that is not printed")
    if any(bracket in value for bracket in "【】"):
        raise TemplateError(f"{template.code}: {name} holds the brackets of a signature")
