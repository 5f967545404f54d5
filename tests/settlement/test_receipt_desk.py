"""The desk of receipts: lists by filter and page, offices, papers attached once."""

from __future__ import annotations

from datetime import date

import pytest

from domain import settlement
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    NOW,
    OF_CHAOYANG,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    expect,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")


@pytest.mark.requirement("R14.4")
async def test_the_list_of_receipts_by_filter_and_page(centre: str) -> None:
    await expect("HJ2026110001", "1.00")
    await receive("S1", "1.00", remark="HJ2026110001")
    for number in range(2, 6):
        await receive(f"S{number}", f"{number}.00", source="statement" if number == 5 else "notice")
    await receive("S6", "6.00", bank_code="105")

    async def listed(**filters: object) -> list[str]:
        page = await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(**filters))  # type: ignore[arg-type]
        return sorted(one.host_serial_no for one in page.items)

    assert await listed() == ["S1", "S2", "S3", "S4", "S5", "S6"]
    assert await listed(outcome="matched") == ["S1"]
    assert await listed(source="statement") == ["S5"]
    assert await listed(bank_account_code="105") == ["S6"]
    assert await listed(unsettled=True) == ["S2", "S3", "S4", "S5", "S6"]
    assert await listed(since=date(2026, 11, 24)) == []
    assert await listed(host_serial_no="S4") == ["S4"]
    first = await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(), first=4)
    rest = await settlement.receipts(
        actor=FINANCE, filters=settlement.ReceiptFilters(), first=4, after=first.end_cursor
    )
    assert (len(first.items), first.has_next, len(rest.items), rest.has_next) == (4, True, 2, False)
    assert (first.total, first.amount_total) == (6, Money.yuan(21))
    assert {one.receipt_id for one in first.items}.isdisjoint(one.receipt_id for one in rest.items)
    missing = await settlement.missing_notices(actor=FINANCE, since=TODAY, until=TODAY)
    assert [one.host_serial_no for one in missing.items] == ["S5"]


async def test_staff_of_an_office_see_its_receipts_only(centre: str) -> None:
    ours = await receive("S1", "1.00", bank_code="105")
    others = await receive("S2", "1.00")
    page = await settlement.receipts(actor=OF_CHAOYANG, filters=settlement.ReceiptFilters())
    assert [one.receipt_id for one in page.items] == [ours.receipt_id]
    with pytest.raises(Refused, match="not_found"):
        await settlement.receipt(actor=OF_CHAOYANG, receipt_id=others.receipt_id)
    with pytest.raises(Refused, match="not_permitted"):
        await settlement.receipts(actor=REVIEWER, filters=settlement.ReceiptFilters())


@pytest.mark.parametrize("after", ["!!", "WyJ4IiwgMV0", "WzEsIDJd"])
async def test_a_made_up_cursor_is_refused(centre: str, after: str) -> None:
    with pytest.raises(Refused, match="cursor_malformed"):
        await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(), after=after)


async def attach(receipt_id: int, **change: object) -> None:
    paper = {"content": b"%PDF-1.7 a slip", "name": "进账单.pdf", "pages": 2, **change}
    await settlement.attach_scan(
        actor=SUPERVISOR,
        receipt_id=receipt_id,
        request_key=key(),
        now=NOW,
        **paper,  # type: ignore[arg-type]
    )


@pytest.mark.requirement("R14.5")
async def test_a_paper_is_attached_once(centre: str) -> None:
    taken = await receive("S1", "1.00")
    for _ in range(2):
        await attach(taken.receipt_id)
    [scan] = await settlement.scans_of(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (scan.name, scan.pages, scan.added_by_name) == ("进账单.pdf", 2, "职员2")
    async with nothing_changed():
        with pytest.raises(Refused, match="scan_changed"):
            await attach(taken.receipt_id, pages=3)
        for change, code in (
            ({"name": " "}, "malformed"),
            ({"pages": 0}, "malformed"),
            ({"content": b"<html>"}, "file_kind"),
            ({"content": b""}, "empty"),
        ):
            with pytest.raises(Refused, match=f"archive.{code}"):
                await attach(taken.receipt_id, **change)
