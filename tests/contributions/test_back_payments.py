"""补缴 by person and month, from the list to the accounts."""

from __future__ import annotations

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    DUE,
    EMPLOYER,
    NOW,
    TODAY,
    balance_of,
    check,
    id_card,
    key,
    matched_money_arrives,
    name_of,
    person_with_account,
    problems,
    receive,
    statement_row,
)
from tests.settlement.world import (
    assert_books_hold,
)
from tests.settlement.world import receive as bank_receives

pytestmark = pytest.mark.usefixtures("employers")

MONTH = Money.yuan(2400)


def _back(number: int, month: str, base: str = "10000", reason: str = "漏缴", **given: str) -> dict[str, str]:
    return {
        "document_no": id_card(number),
        "name": name_of(number),
        "month": month,
        "base": base,
        "reason": reason,
        **given,
    }


async def test_back_payments_by_person_and_month() -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 8)])
    opened = await receive(
        [
            _back(1, "2026-09"),
            _back(1, "202610"),
            _back(1, "2026-08", "500", "少缴"),
            _back(1, "2026-08"),  # 5: paid already
            _back(1, "2026-09"),  # 6: the same month twice
            _back(1, "2026-07", "500", "少缴"),  # 7: nothing was paid short, nothing was paid
            _back(1, "2026-11"),  # 8: not past yet
            _back(1, "2025-12"),  # 9: before the employer's first month
            _back(1, "2026年13月"),  # 10
            _back(2, "2026-09"),  # 11: nobody
            _back(1, "2026-06", "100"),  # 12: below the floor
        ],
        kind="back_payment",
    )
    assert await check(opened) == "checked"
    assert {number: [code for _, code in said] for number, said in (await problems(opened)).items()} == {
        5: ["row.twice", "row.month_paid"],
        6: ["row.twice"],
        7: ["row.month_not_paid"],
        8: ["row.month_future"],
        9: ["row.month_early"],
        10: ["row.month"],
        11: ["row.person_unknown"],
        12: ["row.base_low"],
    }
    with pytest.raises(Refused, match=r"list\.has_refused"):
        await _draw_back(opened, accepted_only=False)
    drawn = await _draw_back(opened, accepted_only=True)
    shown = await statement_row(drawn)
    assert (shown["person_count"], shown["amount_fen"]) == (1, 240_000 * 2 + 12_000)
    # the same months again, while the first wait for their money
    again = await receive([_back(1, "2026-09")], kind="back_payment")
    assert await check(again) == "checked"
    assert await problems(again) == {2: [("补缴年月", "row.month_paid")]}
    before = await balance_of(account)
    await bank_receives("S1", "4920.00", remark=drawn.statement_no)
    await matched_money_arrives()
    assert await balance_of(account) == before + Money.yuan(4920)
    months = await database.rows(
        "SELECT period, sum(amount_fen)::bigint AS fen FROM contribution_month GROUP BY period ORDER BY period"
    )
    assert [tuple(one) for one in months] == [(202608, 252_000), (202609, 240_000), (202610, 240_000)]
    assert (await contributions.standing_of(employer_no=EMPLOYER)).next_due == DUE
    await assert_books_hold()


async def _draw_back(opened: contributions.ListOpened, *, accepted_only: bool) -> contributions.Drawn:
    return await contributions.draw_back_payment(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, accepted_only=accepted_only, method="bank_transfer",
        request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip
