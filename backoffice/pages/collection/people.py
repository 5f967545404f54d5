"""个人账户: frozen and freed by an order, merged, moved into and out of the pool; each with what it does said first."""

from __future__ import annotations

from starlette.responses import Response

from auth import account_care
from backoffice.desk import OTHER_OFFICE, Desk, DeskPage, redirect
from backoffice.pages.collection.shared import (
    FILE_BYTES_MAX,
    OPERATE,
    PATH,
    READ,
    digits,
    month_field,
    number_field,
    show,
)
from backoffice.pages.funds.shared import CALM, Trouble, amount_field, needed_day, refuse
from domain import contributions
from domain.contributions import FreezeOrder, MergePreview, ReversalPreview
from domain.contributions.refusals import ACCOUNT_NOT_FOUND
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

HERE = f"{PATH}/people"
SUPERVISE = "collection.supervise"
_NOTICES = {
    "frozen": "已冻结，按文书范围停止支取，仍可入账。",
    "freed": "已解冻。",
    "asked": "已提交合并，等待另一人在“复核”中同意。",
    "reversing": "已提交冲正，等待另一人在“复核”中同意。",
    "pooled": "已移入集中封存户。",
    "returned": "已移出集中封存户，账户仍为封存，由新单位启封。",
    "opened": "已设立集中封存户。",
}


async def people(desk: Desk) -> Response:
    return await _people(desk)


async def find(desk: Desk) -> Response:
    """By the document on the desk, which stands in no address."""
    given = desk.form.get("document_no", "").strip().upper()
    try:
        person_id = await contributions.person_of_document(document_type="01", document_no=given)
        numbers = await contributions.account_nos_of(person_id=person_id)
        if not numbers:
            raise Refused(ACCOUNT_NOT_FOUND.on("documentNo"))
    except Refused as refused:
        return await _people(desk, Trouble.of(desk, "find", refused))
    return redirect(f"{HERE}?account_no={numbers[0]}")


async def _people(
    desk: Desk,
    trouble: Trouble = CALM,
    preview: MergePreview | None = None,
    reversal: ReversalPreview | None = None,
) -> Response:
    given = desk.form.get("account_no") or desk.query.get("account_no", "")
    found = None
    if given:
        try:
            found = await contributions.account_at_desk(actor=desk.actor, account_no=digits(given) or 0, now=desk.now)
        except Refused as refused:
            if any(one.code == NOT_PERMITTED.code or one.code in OTHER_OFFICE for one in refused.refusals):
                raise
            trouble = Trouble.of(desk, "find", refused)
    supervises = desk.may(SUPERVISE)
    return show(
        desk,
        "collection_people.html",
        trouble=trouble,
        found=found,
        freezes=(
            await contributions.freezes_of(actor=desk.actor, account_no=found.account.account_no)
            if found and supervises
            else []
        ),
        may_freeze=supervises,
        preview=preview,
        reversal=reversal,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def freeze(desk: Desk) -> Response:
    problems: list[Refusal] = []
    amount = amount_field(desk.form, "amount", problems)
    until_on = needed_day(desk.form, "until_on", problems)
    account_no = number_field(desk, "account_no")
    try:
        refuse(problems)
        await contributions.freeze_account(
            actor=desk.actor,
            account_no=account_no,
            order=FreezeOrder(
                authority=desk.form.get("authority", ""),
                order_no=desk.form.get("order_no", ""),
                paper=desk.file.content if desk.file else b"",
                paper_name=desk.file.name if desk.file else "",
                until_on=until_on,
                amount=amount,
            ),
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "freeze", refused)
    return _back(account_no, "frozen")


async def unfreeze(desk: Desk) -> Response:
    account_no = number_field(desk, "account_no")
    try:
        await contributions.unfreeze_account(
            actor=desk.actor,
            account_no=account_no,
            order_no=desk.form.get("order_no", ""),
            lift_order_no=desk.form.get("lift_order_no", ""),
            paper=desk.file.content if desk.file else b"",
            paper_name=desk.file.name if desk.file else "",
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "unfreeze", refused)
    return _back(account_no, "freed")


async def merge(desk: Desk) -> Response:
    """First what would be moved; then, confirmed, the request for a second person's agreement."""
    keep, gone = number_field(desk, "account_no"), digits(desk.form.get("other_account_no", "")) or 0
    try:
        if desk.form.get("confirmed") != "yes":
            await contributions.account_at_desk(actor=desk.actor, account_no=gone, now=desk.now)
            preview = await contributions.preview_merge(keep=keep, gone=gone, business_date=desk.business_date)
            if preview.problems:
                raise Refused(*preview.problems)
            return await _people(desk, preview=preview)
        await account_care.ask_account_merge(
            actor=desk.actor, keep=keep, gone=gone, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        return await _again(desk, "merge", refused)
    return _back(keep, "asked")


async def pool(desk: Desk) -> Response:
    account_no = number_field(desk, "account_no")
    common = {
        "actor": desk.actor,
        "account_no": account_no,
        "reason": desk.form.get("reason", ""),
        "request_key": desk.form.get("request_key", ""),
        "now": desk.now,
    }
    out = desk.form.get("way") == "out"
    try:
        if out:
            employer_no = digits(desk.form.get("employer_no", "")) or 0
            await contributions.move_from_pool(employer_no=employer_no, **common)  # type: ignore[arg-type]
        else:
            await contributions.move_to_pool(**common)  # type: ignore[arg-type]
    except Refused as refused:
        return await _again(desk, "pool", refused)
    return _back(account_no, "returned" if out else "pooled")


async def reverse(desk: Desk) -> Response:
    """汇缴冲正: first what would go back, then, confirmed, the request for a second person's agreement."""
    account_no = number_field(desk, "account_no")
    try:
        month = month_field(desk, "month")
        if desk.form.get("confirmed") != "yes":
            await contributions.account_at_desk(actor=desk.actor, account_no=account_no, now=desk.now)
            preview = await contributions.preview_reversal(account_no=account_no, month=month)
            return await _people(desk, reversal=preview)
        await account_care.ask_reversal(
            actor=desk.actor, account_no=account_no, month=month, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        return await _again(desk, "reverse", refused)
    return _back(account_no, "reversing")


async def open_pool(desk: Desk) -> Response:
    try:
        await contributions.open_pool(
            actor=desk.actor,
            office_code=desk.form.get("office_code", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _again(desk, "pool", refused)
    return _back(number_field(desk, "account_no"), "opened")


def _back(account_no: int, done: str) -> Response:
    return redirect(f"{HERE}?account_no={account_no}&done={done}")


async def _again(desk: Desk, form: str, refused: Refused) -> Response:
    if any(one.code == NOT_PERMITTED.code for one in refused.refusals):
        raise refused
    return await _people(desk, Trouble.of(desk, form, refused))


PAGES = (
    DeskPage(HERE, READ, people),
    DeskPage(HERE, OPERATE, find, "POST"),
    DeskPage(f"{HERE}/freeze", SUPERVISE, freeze, "POST", FILE_BYTES_MAX),
    DeskPage(f"{HERE}/unfreeze", SUPERVISE, unfreeze, "POST", FILE_BYTES_MAX),
    DeskPage(f"{HERE}/merge", OPERATE, merge, "POST"),
    DeskPage(f"{HERE}/reverse", OPERATE, reverse, "POST"),
    DeskPage(f"{HERE}/pool", OPERATE, pool, "POST"),
    DeskPage(f"{HERE}/open-pool", SUPERVISE, open_pool, "POST"),
)
