"""Where the item exists here, the application becomes what works on it: a case, a transfer, a certificate, the matter
of an employer. The rest (loans, housing funds: no area of ours works on them yet) is worked on by hand. Nothing is made
up: what the form does not say is asked for (补正)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain import contributions, transfers, withdrawals
from domain.city_applications import store
from domain.city_applications.employers import OPENED_AS, Asked, agent_of, awaits_file, employer_of, text_of
from domain.city_applications.receiving import CHANNEL, PLATFORM, form_of
from domain.city_applications.refusals import ACCOUNT_MISSING, CARD_MISSING, FIELD_MISSING, PERSON_UNKNOWN
from domain.city_applications.results import IssuedPaper
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, transaction
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.transfers import TransferIn
from domain.withdrawals import Application, Registries, kind_of

TRANSFER, CERTIFICATE = "account_transfer", "contribution_certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """`done`: at once, with `paper` where the matter issues one of its own."""

    kind: str
    number: str
    done: bool = False
    paper: IssuedPaper | None = None


def opens_here(*, item: str, form: Mapping[str, str]) -> bool:
    """Whether an area of ours takes the application; of transfers those in."""
    if item == TRANSFER:
        return form.get("direction", "in") == "in"
    return item in withdrawals.MATTERS or item in OPENED_AS or item == CERTIFICATE


async def open_matter(
    *, project_no: str, registries: Registries, business_date: date, now: datetime
) -> store.ApplicationView:
    """Judges and opens by the same actions as every other channel; safe to run again. What is refused because a field
    is missing or wrong goes back for supplement, what the rules refuse is refused, each with the reasons. One that
    names an electronic document which has not come stays as received until it comes."""
    row = await store.by_project(project_no=project_no)
    assert row is not None, f"application {project_no} is unknown"
    if row["state"] != "received" or not opens_here(item=row["item"], form=form_of(row)):
        return store.view_of(row)
    if await awaits_file(row=row):
        return store.view_of(row)
    try:
        opened = await _open(row, registries=registries, business_date=business_date, now=now)
    except Refused as refused:
        return await _not_opened(row, refused, now=now)
    async with transaction() as tx:
        row = await store.locked(tx, application_id=row["application_id"])
        if row["state"] == "received":
            row = await store.move(
                tx, row=row, action="opened", actor=PLATFORM, note=f"受理编号{opened.number}", now=now,
                matter_kind=opened.kind, matter_no=opened.number,
            )  # fmt: skip
            if opened.done:
                row = await store.move(
                    tx, row=row, action="matter_completed", actor=PLATFORM, note=f"办理编号{opened.number}", now=now,
                    paper=opened.paper,
                )  # fmt: skip
    return store.view_of(row)


async def matter_moved(
    *, matter_no: str, outcome: str, note: str, now: datetime, paper: IssuedPaper | None = None
) -> bool:
    """What works on it has ended: `completed`, `refused` or `withdrawn`. False when it is none of ours."""
    async with transaction() as tx:
        row = await tx.row("SELECT * FROM city_application WHERE matter_no = $1 FOR UPDATE", matter_no)
        if row is None or row["ended_at"] is not None:
            return False
        action = {"completed": "matter_completed", "refused": "matter_refused", "withdrawn": "withdraw"}[outcome]
        await store.move(tx, row=row, action=action, actor=PLATFORM, note=note, now=now, paper=paper)
    return True


async def applicant_of(*, row: Record, on: date) -> Actor:
    """The person whom the platform has identified, as they act here, or an employer's agent. Raises Refused when we
    know none of that name."""
    if row["applicant_kind"] == "employer":
        return await agent_of(row=row, on=on)
    key = vault.current()
    person_id = await contributions.person_by_document(
        document_type=row["document_type"], document_no=key.decrypt(row["document_cipher"])
    )
    if person_id is None or (await contributions.clear_person(person_id=person_id)).name != key.decrypt(
        row["name_cipher"]
    ):
        raise Refused(PERSON_UNKNOWN())
    return Actor(kind="citizen", channel=CHANNEL, name=row["name_masked"], person_id=person_id, assurance="real_name")


async def _open(row: Record, *, registries: Registries, business_date: date, now: datetime) -> Opened:
    form = form_of(row)
    # one key for each state of the form: a supplemented one is another request
    request_key = f"city-{row['application_id']}-{row['supplements']}"
    if row["item"] in OPENED_AS:
        asked = Asked(row=row, form=form, request_key=request_key, now=now, business_date=business_date)
        kind, number = await OPENED_AS[row["item"]](asked)
        return Opened(kind=kind, number=number, done=await _is_done(row, kind, number))
    actor = await applicant_of(row=row, on=business_date)
    if row["item"] == CERTIFICATE:
        numbers = await contributions.account_nos_of(person_id=actor.person_id or 0)
        if not numbers:
            raise Refused(ACCOUNT_MISSING())
        made_paper = await contributions.issue_contribution_certificate(
            actor=actor, account_no=numbers[0], request_key=request_key, now=now, business_date=business_date
        )
        paper = IssuedPaper(account_no=made_paper.account_no, paper_no=made_paper.paper_no)
        return Opened(kind="certificate", number=made_paper.paper_no, done=True, paper=paper)
    if row["item"] == TRANSFER:
        made = await transfers.apply_for_transfer_in(
            actor=actor,
            wanted=TransferIn(
                other_centre=text_of(form, "otherCentre", "转出地中心代码"),
                other_account=text_of(form, "otherAccount", "转出地个人账号"),
            ),
            request_key=request_key,
            business_date=business_date,
            now=now,
        )
        assert made is not None
        return Opened(kind="transfer", number=made.transfer_no)
    case = await withdrawals.apply_for_withdrawal(
        actor=actor,
        application=await _withdrawal(actor, form, item=row["item"]),
        request_key=request_key,
        business_date=business_date,
        now=now,
        registries=registries,
    )
    assert case is not None
    return Opened(kind="case", number=case.case_no)


async def _is_done(row: Record, kind: str, number: str) -> bool:
    if kind == "employer":
        return True
    end = await contributions.matter_end(employer_no=await employer_of(row=row), matter_no=number)
    return end is not None and end.state == "done"


async def _withdrawal(actor: Actor, form: Mapping[str, str], *, item: str) -> Application:
    try:
        kind = kind_of(text_of(form, "kind", "提取类型"))
    except LookupError:
        raise Refused(FIELD_MISSING(field="提取类型")) from None
    if kind.item != item:
        raise Refused(FIELD_MISSING(field="提取类型"))
    cards = [card for card in await contributions.cards_of(actor=actor) if card.active and card.bank_entrusted]
    if not cards:
        raise Refused(CARD_MISSING())
    wrong: list[Refusal] = []
    fields: dict[str, Any] = {}
    for field in kind.fields:
        given = form.get(field.input, "").strip()
        if not given:
            if field.code in kind.required:
                wrong.append(FIELD_MISSING(field=field.name))
            continue
        try:
            fields[field.code] = _READ.get(field.type, str)(given)
        except ValueError:
            wrong.append(FIELD_MISSING(field=field.name))
    if wrong:
        raise Refused(*wrong)
    return Application(
        kind=kind.code,
        card_id=cards[0].card_id,
        commitment=form.get("commitment") == "1",
        frequency=form.get("frequency", "once"),
        auto_renewal=form.get("autoRenewal") == "1",
        spouse_name=form.get("spouseName") or None,
        spouse_document_no=form.get("spouseDocumentNo") or None,
        fields=fields,
    )


_READ: Mapping[str, Any] = {"money": Money.parse, "date": date.fromisoformat}


async def _not_opened(row: Record, refused: Refused, *, now: datetime) -> store.ApplicationView:
    can_be_mended = all(one.field is not None or one.retryable for one in refused.refusals)
    note = "；".join(dict.fromkeys(one.message for one in refused.refusals))
    async with transaction() as tx:
        row = await store.locked(tx, application_id=row["application_id"])
        if row["state"] == "received":
            action = "supplement_asked" if can_be_mended else "not_accepted"
            row = await store.move(tx, row=row, action=action, actor=PLATFORM, note=note, now=now)
    return store.view_of(row)
