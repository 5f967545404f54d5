"""R13 as data: each form of the counter waits for the face of its function and matter, and uses it up."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from auth import face
from backoffice import app
from backoffice.counter_faces import FILE, FORMS, read_forms
from domain.kernel import database
from domain.kernel.declared import DeclarationError, read
from tests.backoffice.faces import person_at_counter
from tests.backoffice.test_collection_people import _desk
from tests.city import RunningHouse
from tests.factories.people import staff
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import key

pytestmark = pytest.mark.requirement("R13.1")

HERE = "/backoffice/collection/employers"
COUNTER = "/backoffice/collection/counter"
EMPLOYER = "100001"


def test_every_function_of_the_tender_stands_in_the_table() -> None:
    employers = [one for one in face.counter_operations().values() if one.party == "employer"]
    assert len(employers) == 18
    forms = {page.path for page in app.PAGES if page.method == "POST"}
    assert set(FORMS) <= forms
    # a new form about an employer cannot be forgotten
    about = {path for path in forms if path.startswith((f"{HERE}/", f"{COUNTER}/"))}
    assert about == set(FORMS) | set(read(FILE)["free"])
    asked = [code for form in FORMS.values() for code in form.functions.values()]
    assert {one.code for one in employers} == set(asked), "each of the 18 has its form"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data["forms"].pop(f"{COUNTER}/remittance"), "employer.remittance stands nowhere"),
        (lambda data: data["without"].update({"employer.register": "x"}), "employer.register is asked for and stands"),
        (lambda data: data["without"].update({"employer.dance": "x"}), "without: employer.dance is no function"),
        (lambda data: data["forms"].update({"/x": {"function": "no.such", "matter": "m"}}), "/x: no.such is no"),
        (lambda data: data["forms"].update({"/x": {"by": "k", "matter": "m"}}), "/x: function, or by with functions"),
    ],
)
def test_a_table_with_holes_does_not_start(change: Any, problem: str) -> None:
    data = deepcopy(read(FILE))
    change(data)
    with pytest.raises(DeclarationError) as declared:
        read_forms(data)
    assert any(problem in one for one in declared.value.problems)


@pytest.mark.parametrize("path", sorted(FORMS))
async def test_without_the_person_nothing_happens(running: RunningHouse, path: str) -> None:
    desk, common = await _desk(running, "he.jing")
    asked = FORMS[path]
    form = {**common, "employer_no": EMPLOYER, "uscc": "91110000600037341L", "request_key": key(), "state": "05"}
    upload = (
        {"file": ("决议.pdf", b"%PDF-1.7")} if path.startswith(HERE) and path.endswith(("agree", "close")) else None
    )
    async with aclosing(desk), nothing_changed():
        for value in [value for value in asked.functions if value] or [""]:
            sent = {**form, **({asked.by: value} if asked.by else {})}
            refused = await desk.post(path, data=sent, files=upload)
            name = face.counter_operations()[asked.function_of(sent)].name
            assert refused.status_code == 409 and name in refused.text and "去人脸核验" in refused.text
        if asked.by:
            slipped = await desk.post(path, data={**form, asked.by: "anything"}, files=upload)
            assert slipped.status_code == 400
    required = await database.value(
        "SELECT count(*) FROM audit_event WHERE action = 'face.required' AND outcome = 'refused'"
    )
    assert required == len(asked.functions)


async def test_a_check_is_for_its_function_matter_and_clerk_and_once(running: RunningHouse) -> None:
    desk, common = await _desk(running, "he.jing")
    now, function = running.clock(), "employer.change_information"
    form = {**common, "employer_no": EMPLOYER, "address": "北京市东城区样例街1号"}

    async def changed(**fields: str) -> int:
        answer = await desk.post(f"{HERE}/change", data={**form, "request_key": key(), **fields})
        return answer.status_code

    async with aclosing(desk):
        for login, asked, matter, at in (
            ("he.jing", "employer.seal_unseal", EMPLOYER, now),
            ("he.jing", function, "100002", now),
            ("li.min", function, EMPLOYER, now),
            ("he.jing", function, EMPLOYER, now - timedelta(minutes=10)),
        ):
            await person_at_counter(login, asked, matter, now=at)
            assert await changed() == 409, (login, asked, matter)
        await person_at_counter("he.jing", function, EMPLOYER, now=now)
        shown = await desk.get(HERE, params={"employer_no": EMPLOYER})
        assert "办成一次即用完" in shown.text and "单位信息变更" in shown.text
        # a form that is refused leaves the check for the one that is right
        assert await changed(pay_day="99") == 422
        assert await changed() == 303
        assert await changed(address="北京市西城区样例街2号") == 409
        prefilled = await desk.get("/backoffice/face?operation=employer.seal_unseal&matter=100001")
        assert 'value="100001"' in prefilled.text
    used = await database.rows("SELECT detail FROM audit_event WHERE action = 'face.used'")
    assert [row["detail"]["operation"] for row in used] == [function]


async def test_two_forms_at_one_moment_do_not_share_a_check(running: RunningHouse) -> None:
    desk, common = await _desk(running, "he.jing")
    now, function = running.clock(), "employer.change_information"

    async def changed(address: str) -> int:
        form = {**common, "employer_no": EMPLOYER, "address": address, "request_key": key()}
        return (await desk.post(f"{HERE}/change", data=form)).status_code

    async with aclosing(desk):
        for _ in range(3):
            await person_at_counter("he.jing", function, EMPLOYER, now=now)
            codes = await asyncio.gather(*(changed(f"北京市东城区样例街{number}号{key()[:4]}") for number in range(3)))
            assert sorted(codes) == [303, 409, 409]
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'face.used'") == 3


async def test_a_check_whose_form_died_is_free_again_after_a_minute(running: RunningHouse) -> None:
    now, function = running.clock(), "employer.change_information"
    await person_at_counter("he.jing", function, EMPLOYER, now=now)
    check = await face.counter_check(actor=await staff("he.jing"), operation=function, matter=EMPLOYER, now=now)
    assert check is not None
    # what a process that dies leaves behind
    await database.execute("UPDATE face_check SET held_by = 'dead', held_until = $1", now + face.HOLD)
    for later, free in ((timedelta(0), False), (face.HOLD, True)):
        async with face.held_counter_check(check=check, request_key=key(), now=now + later) as held:
            assert held is free
