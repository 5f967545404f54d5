"""查阅管控: two desks for what two persons decide about personal data (`auth.privacy`).

The audit administrator asks that reads of a record be kept back during an investigation; the security administrator
asks how often a role may see somebody unmasked. Another holder of the same right agrees at 复核.
"""

from __future__ import annotations

from starlette.responses import Response

from auth import person_care, privacy
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field, text
from domain import contributions
from domain.kernel.refusal import Refusal, Refused

EXCLUSIONS, RULES = "/backoffice/access-exclusions", "/backoffice/reveal-rules"
_ASKED = "已提交，等待另一人复核后生效。"


async def exclusions(desk: Desk) -> Response:
    return await _exclusions(desk)


async def _exclusions(desk: Desk, *problems: Refusal) -> Response:
    return desk.page(
        "access_exclusions.html",
        status=422 if problems else 200,
        found=await privacy.exclusions(actor=desk.actor),
        types=person_care.DOCUMENT_TYPES,
        problems=Problems.of(problems),
        typed=desk.form if problems else {},
        notice=_ASKED if desk.query.get("done") == "asked" else None,
    )


async def ask_exclusion(desk: Desk) -> Response:
    """The person is named by the document in the order, which travels in a form and never in an address."""
    problems = list[Refusal]()
    until = day_field(desk.form, "until", problems)
    if until is None and not problems:
        problems.append(privacy.EXCLUSION_END(most="180日内"))
    try:
        person_id = await contributions.person_of_document(
            document_type=desk.form.get("document_type", "01"), document_no=desk.form.get("person", "").strip().upper()
        )
    except Refused as refused:
        problems += [Refusal(one.code, one.message, "person", one.retryable) for one in refused.refusals]
    if problems or until is None:
        return await _exclusions(desk, *problems)
    try:
        await privacy.ask_exclusion(
            actor=desk.actor,
            person_id=person_id,
            reader=text(desk.form, "reader") or "",
            document_no=desk.form.get("document_no", ""),
            until=until,
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _exclusions(desk, *refused.refusals)
    return redirect(f"{EXCLUSIONS}?done=asked")


async def rules(desk: Desk) -> Response:
    return await _rules(desk)


async def _rules(desk: Desk, *problems: Refusal) -> Response:
    return desk.page(
        "reveal_rules.html",
        status=422 if problems else 200,
        found=await privacy.reveal_rules(actor=desk.actor),
        problems=Problems.of(problems),
        typed=desk.form if problems else {},
        notice=_ASKED if desk.query.get("done") == "asked" else None,
    )


async def ask_rule(desk: Desk) -> Response:
    given = desk.form.get("reveals_per_day", "")
    try:
        await privacy.ask_reveal_rule(
            actor=desk.actor,
            role=desk.form.get("role", ""),
            reveals_per_day=int(given) if given.isascii() and given.isdecimal() and len(given) <= 6 else -1,
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _rules(desk, *refused.refusals)
    return redirect(f"{RULES}?done=asked")


PAGES = (
    DeskPage(EXCLUSIONS, "access.exclude", exclusions),
    DeskPage(f"{EXCLUSIONS}/ask", "access.exclude", ask_exclusion, "POST"),
    DeskPage(RULES, "reveal.rules", rules),
    DeskPage(f"{RULES}/ask", "reveal.rules", ask_rule, "POST"),
)
