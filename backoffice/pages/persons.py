"""身份管理: a person's logins as the service desk sees them, what keeps somebody else out, and mending who they are.

The person is found by the document on the desk, which travels in a form and never in an address. What needs a second
person is asked for here and decided at 复核.
"""

from __future__ import annotations

from starlette.responses import Response

from auth import devices, identity_events, interventions, linking, person_care
from backoffice.components import Problems, channel_name
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import number_field
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain import contributions
from domain.kernel import audit
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/persons"
RIGHT = "person.intervene"
_NOTICES = {
    "suspend": "已暂停登录，其全部渠道的会话已结束。",
    "prove_again": "已要求重新实名，其全部渠道的会话已结束。",
    "reset": "已解除全部关联账号，其全部渠道的会话已结束。",
    "asked": "已提交，等待另一人复核。",
}


async def ask(desk: Desk) -> Response:
    return desk.page("persons.html", problems=Problems(), typed={}, types=person_care.DOCUMENT_TYPES)


async def find(desk: Desk) -> Response:
    try:
        person_id = await contributions.person_of_document(
            document_type=desk.form.get("document_type", "01"), document_no=desk.form.get("document_no", "").upper()
        )
    except Refused as refused:
        return desk.page(
            "persons.html",
            status=422,
            problems=Problems.of(refused.refusals),
            typed=desk.form,
            types=person_care.DOCUMENT_TYPES,
        )
    return redirect(f"{PATH}/{person_id}")


async def one(desk: Desk) -> Response:
    return await _one(desk, number_field(desk.request.path_params["person_id"]))


async def _one(desk: Desk, person_id: int, *problems: Refusal) -> Response:
    try:
        person = await contributions.known_person(person_id=person_id)
    except Refused:
        raise Refused(PAGE_NOT_FOUND) from None
    await audit.record(
        None, actor=desk.actor, action="person.logins_viewed", subject=f"person:{person_id}", now=desk.now
    )
    return desk.page(
        "person.html",
        status=422 if problems else 200,
        person=person,
        suspended=await interventions.is_suspended(person_id=person_id),
        found=await interventions.interventions_of(person_id=person_id),
        identities=await linking.identities_of(person_id=person_id),
        devices=await devices.devices_of(person_id=person_id, current=None, now=desk.now),
        events=await identity_events.events_of(person_id=person_id),
        changes=await contributions.changes_of(person_id=person_id, now=desk.now),
        kinds=interventions.KIND_NAMES,
        types=person_care.DOCUMENT_TYPES,
        channel_name=channel_name,
        problems=Problems.of(problems),
        typed=desk.form,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def intervene(desk: Desk) -> Response:
    person_id, kind = number_field(desk.form.get("person_id", "")), desk.form.get("kind", "")
    if kind not in interventions.KIND_NAMES:
        raise Refused(FORM_MALFORMED)
    try:
        await contributions.known_person(person_id=person_id)
        await interventions.impose(
            actor=desk.actor,
            person_id=person_id,
            kind=kind,  # type: ignore[arg-type]
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _again(desk, person_id, refused)
    return redirect(f"{PATH}/{person_id}?done={kind}")


async def lift(desk: Desk) -> Response:
    person_id = number_field(desk.form.get("person_id", ""))
    try:
        await interventions.ask_to_lift(
            actor=desk.actor, person_id=person_id, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        return await _again(desk, person_id, refused)
    return redirect(f"{PATH}/{person_id}?done=asked")


async def merge(desk: Desk) -> Response:
    """The person on the page stays; the registration with the other document goes."""
    person_id = number_field(desk.form.get("person_id", ""))
    try:
        gone = await contributions.person_of_document(
            document_type=desk.form.get("document_type", ""), document_no=desk.form.get("document_no", "").upper()
        )
        await person_care.ask_merge(
            actor=desk.actor, keep=person_id, gone=gone, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        return await _again(desk, person_id, refused)
    return redirect(f"{PATH}/{person_id}?done=asked")


async def new_document(desk: Desk) -> Response:
    person_id = number_field(desk.form.get("person_id", ""))
    try:
        await person_care.ask_new_document(
            actor=desk.actor,
            person_id=person_id,
            document_type=desk.form.get("document_type", ""),
            document_no=desk.form.get("document_no", ""),
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _again(desk, person_id, refused)
    return redirect(f"{PATH}/{person_id}?done=asked")


async def _again(desk: Desk, person_id: int, refused: Refused) -> Response:
    """The page with what was wrong beside the fields; a refusal of another kind is a page of its own."""
    if any(refusal.field is None for refusal in refused.refusals):
        raise refused
    return await _one(desk, person_id, *refused.refusals)


PAGES = (
    DeskPage(PATH, RIGHT, ask),
    DeskPage(PATH, RIGHT, find, "POST"),
    DeskPage(f"{PATH}/intervene", RIGHT, intervene, "POST"),
    DeskPage(f"{PATH}/lift", RIGHT, lift, "POST"),
    DeskPage(f"{PATH}/merge", RIGHT, merge, "POST"),
    DeskPage(f"{PATH}/document", RIGHT, new_document, "POST"),
    DeskPage(f"{PATH}/{{person_id}}", RIGHT, one),
)
