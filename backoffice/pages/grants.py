"""服务授权 and 授权审批: the system administrator registers and proposes, the security administrator decides; both stop
what is granted.

One list, two addresses: each right opens its own, with the forms that are its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from auth import approvals, grants
from auth.grants import GrantTerms
from auth.grants.granting import REPRESENTS
from auth.grants.reading import fields_of_documents, unregistered_services
from auth.grants.states import STATE_NAMES
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field, new_request_key, text
from backoffice.pages.approvals import TONES as APPROVAL_TONES
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain.kernel.refusal import Refusal, Refused

REGISTER, REVIEW = "/backoffice/grants", "/backoffice/grants-review"
TONES = {"registered": "waiting", "approved": "active", "connected": "good", "suspended": "bad", "ended": "quiet"}
_STOPS: dict[tuple[str, str], Callable[..., Awaitable[None]]] = {
    ("grant_id", "suspended"): grants.suspend_grant,
    ("grant_id", "ended"): grants.end_grant,
    ("partner_id", "suspended"): grants.suspend_party,
    ("partner_id", "ended"): grants.end_party,
}
_NOTICES = {
    "proposed": "已提交，等待安全管理员审批；批准后生效。",
    "approved": "已批准，立即生效。",
    "declined": "已退回，没有生效。",
    "suspended": "已暂停，已发出的访问凭证全部立即失效。",
    "ended": "已结束，已发出的访问凭证全部立即失效。",
}


async def show(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *problems: Refusal, form: str = "") -> Response:
    actor = desk.actor
    chosen = text(desk.form, "service") or text(desk.query, "service")
    services = await grants.services(actor=actor)
    fields = await fields_of_documents(actor=actor, service=chosen) if chosen else {}
    return desk.page(
        "grants.html",
        status=422 if problems else 200,
        base=_base(desk),
        registers=desk.may("grants.register"),
        approves=desk.may("grants.approve"),
        services=services,
        unregistered=await unregistered_services(actor=actor),
        parties=await grants.parties(actor=actor),
        found=await grants.grants_of(actor=actor, now=desk.now),
        waiting=await grants.proposals(actor=actor, now=desk.now),
        chosen=chosen,
        fields=fields,
        represents=REPRESENTS,
        states=STATE_NAMES,
        tones=TONES,
        problems=Problems.of(problems),
        form=form,
        typed=desk.form if problems else {},
        request_key=new_request_key(),
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def one(desk: Desk) -> Response:
    partner_id = _number(desk.request.path_params["partner_id"])
    party = await grants.party_by_id(actor=desk.actor, partner_id=partner_id)
    if party is None:
        raise Refused(PAGE_NOT_FOUND)
    return desk.page(
        "grants_party.html",
        base=_base(desk),
        party=party,
        keys=await grants.keys_of(actor=desk.actor, partner_id=partner_id),
        found=await grants.grants_of(actor=desk.actor, now=desk.now, partner_id=partner_id),
        proposals=await grants.proposals_of_party(actor=desk.actor, partner_id=partner_id, now=desk.now),
        approval_tones=APPROVAL_TONES,
        days=await grants.usage_of(actor=desk.actor, partner_id=partner_id, now=desk.now),
        represents=REPRESENTS,
        tones=TONES,
    )


async def propose(desk: Desk) -> Response:
    """One of the four forms; what is wrong is shown beside it."""
    form = desk.form
    kind = form.get("form", "")
    shared: dict[str, Any] = {
        "actor": desk.actor,
        "now": desk.now,
        "reason": form.get("reason", ""),
        "request_key": form.get("request_key", ""),
    }
    try:
        if kind == "service":
            await grants.register_service(
                service=form.get("service", ""),
                name=form.get("name", ""),
                description=form.get("description", ""),
                **shared,
            )
        elif kind == "party":
            await grants.register_party(
                code=form.get("code", ""),
                name=form.get("name", ""),
                uscc=form.get("uscc", "").strip().upper(),
                contact=form.get("contact", ""),
                **shared,
            )
        elif kind == "key":
            await grants.add_key(
                party=form.get("party", ""),
                public_key=form.get("public_key", "").replace("\r\n", "\n"),
                sandbox=form.get("sandbox") == "yes",
                **shared,
            )
        elif kind == "grant":
            terms = await _terms(desk)
            await grants.propose_grant(party=form.get("party", ""), terms=terms, **shared)
        elif kind == "resume":
            name, number = _target(form.get("target", ""))
            await grants.propose_resumption(**{**shared, name: number})
        else:
            raise Refused(FORM_MALFORMED)
    except Refused as refused:
        if any(refusal.code == FORM_MALFORMED.code for refusal in refused.refusals):
            raise
        return await _page(desk, *refused.refusals, form=kind)
    return redirect(f"{_base(desk)}?done=proposed")


async def _terms(desk: Desk) -> GrantTerms:
    """Documents are ticked one by one; the fields are those that they read."""
    form, problems = desk.form, list[Refusal]()
    service = form.get("service", "")
    known = await fields_of_documents(actor=desk.actor, service=service)
    documents = [name for name in known if form.get(f"document_{name}") == "yes"]
    ends_on = day_field(form, "ends_on", problems)
    if problems or ends_on is None:
        raise Refused(*(problems or [FORM_MALFORMED]))
    return GrantTerms(
        service=service,
        documents=documents,
        fields=sorted({field for name in documents for field in known[name]}),
        purpose=form.get("purpose", ""),
        purpose_text=form.get("purpose_text", ""),
        represents=form.get("represents", ""),
        calls_per_day=_whole(form.get("calls_per_day", "")),
        points_per_day=_whole(form.get("points_per_day", "")),
        ends_on=ends_on,
        sandbox=form.get("sandbox") == "yes",
    )


async def decide(desk: Desk) -> Response:
    decision = desk.form.get("decision")
    if decision not in ("approve", "decline"):
        raise Refused(FORM_MALFORMED)
    try:
        await approvals.decide(
            actor=desk.actor,
            approval_id=_number(desk.form.get("approval_id", "")),
            agree=decision == "approve",
            note=desk.form.get("note", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, *refused.refusals, form="decide")
    return redirect(f"{_base(desk)}?done={'approved' if decision == 'approve' else 'declined'}")


async def stop(desk: Desk) -> Response:
    """Suspends or ends a grant or a party, at once."""
    name, number = _target(desk.form.get("target", ""))
    to = desk.form.get("to")
    work = _STOPS.get((name, to or ""))
    if work is None:
        raise Refused(FORM_MALFORMED)
    try:
        await work(actor=desk.actor, reason=desk.form.get("reason", ""), now=desk.now, **{name: number})
    except Refused as refused:
        return await _page(desk, *refused.refusals, form="stop")
    return redirect(f"{_base(desk)}?done={to}")


def _base(desk: Desk) -> str:
    return REVIEW if desk.request.url.path.startswith(REVIEW) else REGISTER


def _target(given: str) -> tuple[str, int]:
    kind, _, number = given.partition(":")
    if kind not in ("grant", "party"):
        raise Refused(FORM_MALFORMED)
    return ("grant_id" if kind == "grant" else "partner_id"), _number(number)


def _number(given: str) -> int:
    if not (given.isascii() and given.isdecimal() and 0 < len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    return int(given)


def _whole(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= 10 else 0


PAGES = (
    DeskPage(REGISTER, "grants.register", show),
    DeskPage(f"{REGISTER}/propose", "grants.register", propose, "POST"),
    DeskPage(f"{REGISTER}/stop", "grants.register", stop, "POST"),
    DeskPage(f"{REGISTER}/party/{{partner_id}}", "grants.register", one),
    DeskPage(REVIEW, "grants.approve", show),
    DeskPage(f"{REVIEW}/decide", "grants.approve", decide, "POST"),
    DeskPage(f"{REVIEW}/stop", "grants.approve", stop, "POST"),
    DeskPage(f"{REVIEW}/party/{{partner_id}}", "grants.approve", one),
)
