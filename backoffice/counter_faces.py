"""The face of the person at the counter before a form takes effect, as `counter_faces.yaml` says form by form.

One place asks for all of them (`backoffice.desk`), so that a page cannot forget it. What was passed is good for its
function, its matter and the member of staff who began it, for some minutes, and for one form that succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from auth import face
from auth.face import FaceCheck
from backoffice.refusals import FORM_MALFORMED
from domain.kernel.actor import Actor
from domain.kernel.declared import DeclarationError, read
from domain.kernel.refusal import Refused

FILE = Path(__file__).with_name("counter_faces.yaml")
FACE_PATH = "/backoffice/face"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceForm:
    """`functions` by the value of the field `by`; one for all values where `by` is empty."""

    matter: str
    functions: Mapping[str, str]
    by: str = ""

    def function_of(self, form: Mapping[str, str]) -> str:
        """Raises Refused for a value that no page of ours sends: it must not slip by."""
        function = self.functions.get(form.get(self.by, "") if self.by else "")
        if function is None:
            raise Refused(FORM_MALFORMED)
        return function

    def matter_of(self, form: Mapping[str, str]) -> str:
        return form.get(self.matter, "").strip().upper()[:60]


def read_forms(data: Any) -> Mapping[str, FaceForm]:
    """By the path of the form. Raises DeclarationError naming every problem: a function that stands nowhere or twice,
    or does not exist."""
    known, forms, problems = set(face.counter_operations()), dict[str, FaceForm](), list[str]()
    for path, row in data["forms"].items():
        functions = row.get("functions") or {"": row.get("function")}
        if set(row) - {"function", "functions", "by", "matter"} or bool(row.get("by")) != ("functions" in row):
            problems.append(f"{path}: function, or by with functions, and matter")
        problems += [
            f"{path}: {code} is no function of the counter" for code in functions.values() if code not in known
        ]
        forms[path] = FaceForm(matter=row["matter"], by=row.get("by", ""), functions=MappingProxyType(functions))
    asked = {code for form in forms.values() for code in form.functions.values()}
    problems += [f"{code} is asked for and stands under without" for code in sorted(asked & set(data["without"]))]
    problems += [f"{code} stands nowhere" for code in sorted(known - asked - set(data["without"]))]
    problems += [f"without: {code} is no function of the counter" for code in sorted(set(data["without"]) - known)]
    if problems:
        raise DeclarationError(file=FILE.name, problems=problems)
    return MappingProxyType(forms)


FORMS = read_forms(read(FILE))


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMissing(Exception):
    """The form waits for the person; `link` leads to where staff begin the check."""

    name: str
    matter: str
    link: str


async def require(*, actor: Actor, path: str, form: Mapping[str, str], now: datetime) -> FaceCheck | None:
    """The check that this form uses; None for a form that asks for none. Raises FaceMissing, and leaves an event."""
    asked = FORMS.get(path)
    if asked is None:
        return None
    function, matter = asked.function_of(form), asked.matter_of(form)
    found = await face.counter_check(
        actor=actor, operation=function, matter=matter, now=now, request_key=form.get("request_key", "")[:80]
    )
    if found is None:
        await face.note_missing(actor=actor, operation=function, matter=matter, now=now)
        name = face.counter_operations()[function].name
        raise FaceMissing(name=name, matter=matter, link=link_to(function, matter))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One function about one matter: until when its check is good, or where to begin one."""

    name: str
    good_until: datetime | None
    link: str


async def standing(*, actor: Actor, prefix: str, matter_field: str, matter: str, now: datetime) -> list[Standing]:
    """Of every function that the forms below a path ask for about one matter, for the page that shows them."""
    functions = dict.fromkeys(
        code
        for path, form in FORMS.items()
        if path.startswith(prefix) and form.matter == matter_field
        for code in form.functions.values()
    )
    found = []
    for code in functions:
        check = await face.counter_check(actor=actor, operation=code, matter=matter, now=now)
        found.append(
            Standing(
                name=face.counter_operations()[code].name,
                good_until=check.expires_at if check else None,
                link=link_to(code, matter),
            )
        )
    return found


def link_to(function: str, matter: str) -> str:
    return f"{FACE_PATH}?{urlencode({'operation': function, 'matter': matter})}"
