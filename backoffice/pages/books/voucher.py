"""One real-time voucher (实时凭证), and asking for its reversal (冲正), which another person decides."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.books.shared import PATH, READ, REVERSE, number, show
from backoffice.refusals import PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.refusal import Refused

VOUCHER = f"{PATH}/voucher/{{account_no}}/{{voucher_id}}"


async def page(desk: Desk) -> Response:
    return await _show(desk)


async def ask(desk: Desk) -> Response:
    """The first person's part; asking twice is refused, so a second click does nothing more."""
    reason = desk.form.get("reason", "")
    try:
        await ledger.request_reversal(
            account_no=number(desk, "account_no"),
            voucher_id=number(desk, "voucher_id"),
            reason=reason,
            actor=desk.actor,
            now=desk.now,
        )
    except Refused as refused:
        return await _show(desk, problems=Problems.of(refused.refusals), reason=reason)
    return redirect(f"{desk.request.url.path}?done=asked")


async def _show(desk: Desk, *, problems: Problems | None = None, reason: str = "") -> Response:
    account_no, voucher_id = number(desk, "account_no"), number(desk, "voucher_id")
    voucher = await ledger.voucher_of(account_no=account_no, voucher_id=voucher_id)
    if voucher is None:
        raise Refused(PAGE_NOT_FOUND)
    names = {one.code: one.name for one in await ledger.account_sets()}
    waiting = [
        one
        for one in await ledger.open_requests(kind="reverse")
        if (one.account_no, one.voucher_id) == (account_no, voucher_id)
    ]
    # a batch is reversed account by account
    whole_batch = voucher.is_batch and account_no == 0
    reversible = not (whole_batch or voucher.reversed_by or voucher.reverses_voucher_id or waiting)
    return show(
        desk,
        "books_voucher.html",
        status=422 if problems else 200,
        voucher=voucher,
        set_name=names[voucher.account_set],
        waiting=waiting[0] if waiting else None,
        may_ask=reversible and desk.may(REVERSE),
        problems=problems or Problems(),
        reason=reason,
        reason_max=ledger.REASON_MAX,
        notice="已提交冲正申请，请另一名财务人员在“结账”页复核。" if desk.query.get("done") == "asked" else None,
    )


PAGES = (DeskPage(VOUCHER, READ, page), DeskPage(VOUCHER, REVERSE, ask, "POST"))
