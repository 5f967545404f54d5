"""The one page of all declared forms: an employer, its functions with their faces, the form, and what it comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from backoffice import counter_faces
from backoffice.desk import OTHER_OFFICE, Desk, DeskPage
from backoffice.pages.collection.counter import lists, matters, payments
from backoffice.pages.collection.counter.declared import HERE, Counter, CounterForm, counter_of
from backoffice.pages.collection.shared import FILE_BYTES_MAX, OPERATE, READ, employer_asked, show
from backoffice.pages.funds.shared import CALM, Intent, Trouble, is_confirmed
from backoffice.refusals import FORM_MALFORMED
from domain import contributions
from domain.contributions import LIST_FIELDS
from domain.kernel.refusal import NOT_PERMITTED, Refused

FORMS: dict[str, CounterForm] = {form.function: form for form in (*payments.FORMS, *lists.FORMS, *matters.FORMS)}
_FILLED = "已录入，逐行结果见下表；核对通过后再提交清册。"
Fill = Callable[[Desk, Counter, CounterForm], Awaitable[Response]]


async def counter(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, trouble: Trouble = CALM, *, function: str = "", intent: Intent | None = None) -> Response:
    employer, found = await employer_asked(desk)
    standing = await counter_of(desk, employer) if employer else None
    form = FORMS.get(function or desk.query.get("function", ""))
    rows = None
    if standing and form and form.list_kind:
        rows = await _rows(desk, standing, form)
    faces = {
        one.name: one
        for one in await counter_faces.standing(
            actor=desk.actor,
            prefix=HERE,
            matter_field="employer_no",
            matter=str(employer.employer_no) if employer else "",
            now=desk.now,
        )
    }
    done = desk.query.get("done", "")
    return show(
        desk,
        "collection_counter.html",
        trouble=trouble if trouble is not CALM else found,
        employer=employer,
        counter=standing,
        forms=FORMS,
        form_shown=form,
        faces=faces,
        rows=rows,
        row_fields=LIST_FIELDS.get(form.list_kind, {}) if form else {},
        list_choices=contributions.list_choices,
        balance=await contributions.balance_of_employer(employer_no=employer.employer_no) if employer else None,
        here=HERE,
        intent=intent,
        states=contributions.EMPLOYER_STATE_NAMES,
        methods=contributions.METHOD_NAMES,
        hidden={name: value for name, value in desk.form.items() if name != "confirmed"} if intent else {},
        notice=_FILLED if done == "filled" else form.done if form and done == "done" else "",
    )


async def _rows(desk: Desk, standing: Counter, form: CounterForm) -> object:
    """The rows of the list that was asked for, or of the newest one of the kind."""
    mine = [one for one in standing.lists if one.kind == form.list_kind]
    asked = desk.form.get("list_no") or desk.query.get("list_no", "")
    chosen = next((one for one in mine if one.list_no == asked), mine[0] if mine else None)
    if chosen is None:
        return None
    page = await contributions.rows_of_list(
        actor=desk.actor,
        employer_no=standing.employer.employer_no,
        list_no=chosen.list_no,
        refused_only=False,
        first=lists.ROWS_SHOWN,
        after=None,
    )
    return {"view": chosen, "page": page}


def _carrying(form: CounterForm) -> Callable[[Desk], Awaitable[Response]]:
    async def carry(desk: Desk) -> Response:
        standing = await _standing(desk)
        try:
            if form.preview is not None and not is_confirmed(desk):
                facts = await form.preview(desk, standing)
                back = f"{HERE}?employer_no={standing.employer.employer_no}&function={form.function}"
                intent = Intent(title=form.title, facts=facts, effect=form.effect, back=back)
                return await _page(desk, function=form.function, intent=intent)
            await form.carry(desk, standing)
        except Refused as refused:
            return await _again(desk, form, "form", refused)
        return lists.back(standing, form, done="done")

    return carry


def _filling(fill: Fill, name: str) -> Callable[[Desk], Awaitable[Response]]:
    async def fill_in(desk: Desk) -> Response:
        standing = await _standing(desk)
        form = FORMS.get(desk.form.get("function", ""))
        if form is None or not form.list_kind:
            raise Refused(FORM_MALFORMED)
        try:
            return await fill(desk, standing, form)
        except Refused as refused:
            return await _again(desk, form, name, refused)

    return fill_in


async def _standing(desk: Desk) -> Counter:
    employer, trouble = await employer_asked(desk)
    if employer is None:
        raise Refused(*(trouble.problems.refusals or (FORM_MALFORMED,)))
    return await counter_of(desk, employer)


async def _again(desk: Desk, form: CounterForm, name: str, refused: Refused) -> Response:
    if any(one.code == NOT_PERMITTED.code or one.code in OTHER_OFFICE for one in refused.refusals):
        raise refused
    return await _page(desk, Trouble.of(desk, name, refused), function=form.function)


PAGES = (
    DeskPage(HERE, READ, counter),
    *(DeskPage(form.path, OPERATE, _carrying(form), "POST") for form in FORMS.values()),
    DeskPage(f"{HERE}/list-file", OPERATE, _filling(lists.take_file, "file"), "POST", FILE_BYTES_MAX),
    DeskPage(f"{HERE}/list-row", OPERATE, _filling(lists.take_row, "row"), "POST"),
    DeskPage(f"{HERE}/list-row-out", OPERATE, _filling(lists.take_out, "out"), "POST"),
)
