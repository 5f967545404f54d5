"""Lists as they are asked for: row by row, rehearsed, repeated, by whom, in which files, and when they are over."""

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
    OF_OTHER_OFFICE,
    OTHER,
    TODAY,
    Registries,
    account_rows,
    agent,
    carried_out,
    check,
    csv_file,
    key,
    list_row,
    receive,
    row,
    submit,
)
from tests.settlement.world import assert_books_hold

pytestmark = pytest.mark.usefixtures("employers")


async def test_rows_one_by_one_are_judged_at_once_and_taken_out_again() -> None:
    opened, judged = await contributions.add_rows(
        actor=AGENT, employer_no=EMPLOYER, kind="change", month=DUE, rows=[row(1), row(2, base="1")],
        registries=Registries(), request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip
    assert [(one.row_no, one.accepted) for one in judged] == [(1, True), (2, False)]
    second, more = await contributions.add_rows(
        actor=AGENT, employer_no=EMPLOYER, kind="change", month=DUE, rows=[row(3)],
        registries=Registries(), request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip
    assert second == opened and [one.row_no for one in more] == [3]
    with pytest.raises(Refused, match=r"list\.row_not_found"):
        await contributions.remove_row(
            actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, row_no=9, request_key=key(), now=NOW
        )
    await contributions.remove_row(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, row_no=2, request_key=key(), now=NOW
    )
    assert await submit(opened) == "applied"
    assert len(await account_rows()) == 2
    await assert_books_hold()


async def test_a_rehearsal_leaves_nothing_behind() -> None:
    _, judged = await contributions.add_rows(
        actor=AGENT, employer_no=EMPLOYER, kind="change", month=DUE, rows=[row(1)], registries=Registries(),
        request_key=key(), now=NOW, business_date=TODAY, dry_run=True,
    )  # fmt: skip
    assert [one.accepted for one in judged] == [True]
    assert await database.value("SELECT count(*) FROM contribution_list") == 0


async def test_the_same_request_again_answers_the_same_and_another_file_is_refused() -> None:
    given = {
        "actor": AGENT, "employer_no": EMPLOYER, "kind": "change", "month": DUE, "file_name": "a.csv",
        "request_key": key(), "now": NOW, "business_date": TODAY,
    }  # fmt: skip
    content = csv_file("change", [row(1)])
    first = await contributions.receive_list_file(content=content, **given)  # type: ignore[arg-type]
    assert await contributions.receive_list_file(content=content, **given) == first  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"request\.key_reused"):
        await contributions.receive_list_file(content=content + b"\n", **given)  # type: ignore[arg-type]
    assert await database.value("SELECT count(*) FROM contribution_list") == 1


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (agent(OTHER), "employer.other"),
        (agent(EMPLOYER, "payments"), "access.not_permitted"),
        (OF_OTHER_OFFICE, "employer.other_office"),
        (agent(EMPLOYER, channel="somewhere"), "list.channel"),
    ],
)
async def test_who_may_not_give_a_list(who: contributions.EmployerStanding, code: str) -> None:
    with pytest.raises(Refused, match=code):
        await receive([row(1)], actor=who)  # type: ignore[arg-type]
    assert await database.value("SELECT count(*) FROM contribution_list") == 0


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "file.empty"),
        (b"  \r\n ", "a.csv", "file.empty"),
        (b"%PDF-1.7 x", "a.pdf", "file.format"),
        (b"\xd0\xcf\x11\xe0old", "a.xls", "file.format"),
        (b"PK\x03\x04 not a workbook", "a.csv", "file.format"),
        (b"x" * (20 * 1024 * 1024 + 1), "a.csv", "file.size"),
    ],
)
async def test_files_that_are_not_taken(content: bytes, name: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        await receive(content, name=name)
    assert await database.value("SELECT count(*) FROM contribution_list") == 0


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        ("变更类型,证件号码,姓名\r\n".encode(), "a.csv", "file.heading"),
        (csv_file("change", []), "a.csv", "list.rows"),
        (csv_file("change", [row(1)]).decode().encode("utf-16"), "a.csv", "file.encoding"),
        (b"\xff\xff\xfe,\x81\r\n1,2\r\n", "a.csv", "file.encoding"),
        (b"PK\x03\x04 no workbook at all", "a.xlsx", "file.broken"),
    ],
)
async def test_files_that_are_refused_as_a_whole_say_why(content: bytes, name: str, code: str) -> None:
    try:
        opened = await receive(content, name=name)
    except Refused as refused:
        assert refused.refusals[0].code == code or refused.refusals[0].code == "file.format"
        return
    assert await check(opened) == "refused"
    shown = await list_row(opened)
    assert shown["problem_code"] == code and shown["problem"]
    assert await database.value("SELECT count(*) FROM contribution_list_file") == 0


@pytest.mark.parametrize("month", [DUE.minus(months=1), DUE.plus(months=1)])
async def test_a_change_is_for_the_next_month_and_no_other(month: YearMonth) -> None:
    with pytest.raises(Refused, match=r"list\.month"):
        await receive([row(1)], month=month)


async def test_a_list_that_ended_is_neither_submitted_nor_taken_back() -> None:
    opened = await carried_out([row(1)])
    with pytest.raises(Refused, match=r"list\.state"):
        await submit(opened)
    with pytest.raises(Refused, match=r"list\.state"):
        await contributions.cancel_list(
            actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, reason="不想办了", request_key=key(), now=NOW
        )
    with pytest.raises(Refused, match=r"list\.not_found"):
        await contributions.cancel_list(
            actor=AGENT, employer_no=EMPLOYER, list_no="QC0", reason="不想办了", request_key=key(), now=NOW
        )
    assert Money(0).fen == 0 and len(await account_rows()) == 1
