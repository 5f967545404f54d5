"""One entry: what it says and does, the appeals against it, and what may be asked for about it."""

from __future__ import annotations

from starlette.responses import Response

from auth import risk_care
from backoffice.components import channel_name
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field, new_request_key, number_field
from backoffice.pages.risk.shared import EFFECT_TONES, EFFECTS, PATH, PROPOSE, READ, names_of, show
from backoffice.refusals import DATE_MALFORMED, FORM_MALFORMED
from domain import risk
from domain.kernel import audit
from domain.kernel.refusal import Refusal, Refused

HERE = f"{PATH}/entries/{{entry_id}}"


async def shown(desk: Desk) -> Response:
    return await _one(desk)


async def _one(desk: Desk, refused: Refused | None = None, form: str = "") -> Response:
    entry_id = number_field(str(desk.request.path_params["entry_id"]))
    entry = await risk.entry_of(entry_id=entry_id, on=desk.business_date)
    appeals = (await risk.appeals_against(entry_ids=[entry_id]))[entry_id]
    await audit.record(None, actor=desk.actor, action="risk.viewed", subject=f"risk:{entry_id}", now=desk.now)
    return show(
        desk,
        "risk_entry.html",
        refused=refused,
        form=form,
        entry=entry,
        flows=risk.flows(),
        effects=EFFECTS,
        effect_tones=EFFECT_TONES,
        appeals=appeals,
        waiting=next((one for one in appeals if one.state == "waiting"), None),
        staff=await names_of([entry.listed_by, entry.agreed_by, *(one.made_by for one in appeals)]),
        channel_name=channel_name,
        request_key=new_request_key(),
        here=f"{PATH}/entries/{entry_id}",
        # agreed payments wait only where the list says so
        may_clear=entry.state == "in_force" and entry.effects["agreed_payment"] == "hold",
    )


async def act(desk: Desk) -> Response:
    """One target for the page's forms; `act` says which."""
    entry_id, what = number_field(str(desk.request.path_params["entry_id"])), desk.form.get("act", "")
    try:
        await _ask(desk, entry_id, what)
    except Refused as refused:
        if any(one.code == "risk.entry_not_found" for one in refused.refusals):
            raise
        return await _one(desk, refused, what)
    return redirect(f"{PATH}/entries/{entry_id}?done={'appealed' if what == 'appeal' else 'asked'}")


async def _ask(desk: Desk, entry_id: int, what: str) -> None:
    actor, now, said = desk.actor, desk.now, desk.form.get("reason", "")
    if what == "remove":
        await risk_care.ask_removal(actor=actor, entry_id=entry_id, reason=said, now=now)
    elif what == "clear":
        problems: list[Refusal] = []
        until = day_field(desk.form, "until", problems)
        if until is None:
            raise Refused(*(problems or [Refusal(DATE_MALFORMED.code, DATE_MALFORMED.message, "until")]))
        await risk_care.ask_clearing(actor=actor, entry_id=entry_id, until=until, reason=said, now=now)
    elif what == "appeal":
        await risk.appeal(
            actor=actor,
            entry_id=entry_id,
            document=None,
            statement=desk.form.get("statement", ""),
            request_key=desk.form.get("request_key", ""),
            now=now,
        )
    elif what == "answer" and desk.form.get("grant") in ("yes", "no"):
        await risk_care.ask_answer(
            actor=actor,
            appeal_id=number_field(desk.form.get("appeal_id", "")),
            grant=desk.form["grant"] == "yes",
            answer=desk.form.get("answer", ""),
            reason=said,
            now=now,
        )
    else:
        raise Refused(FORM_MALFORMED)


PAGES = (DeskPage(HERE, READ, shown), DeskPage(HERE, PROPOSE, act, "POST"))
