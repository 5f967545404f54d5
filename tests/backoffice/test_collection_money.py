"""托收失败 and 银行收回款项 over the running house: what staff see, do and may not."""

from __future__ import annotations

from domain import contributions
from domain.kernel import database
from domain.kernel.dates import business_date_of
from tests.backoffice.funds_city import SignedIn, cells, desks, receive, said  # noqa: F401
from tests.city import RunningHouse
from tests.contributions.world import agent
from tests.settlement.world import key

EMPLOYER = 100001
FAILED, TAKEN = "/backoffice/collection/failures", "/backoffice/collection/taken-back"


async def _paid(running: RunningHouse) -> tuple[str, str]:
    """The month's statement, paid and in the accounts; its number and amount."""
    now = running.clock()
    standing = await contributions.standing_of(employer_no=EMPLOYER)
    drawn = await contributions.draw_statement(
        actor=agent(), employer_no=EMPLOYER, month=standing.next_due, method="bank_transfer", request_key=key(),
        now=now, business_date=business_date_of(now),
    )  # fmt: skip
    fen = await database.value(
        "SELECT amount_fen FROM remittance_statement WHERE statement_no = $1", drawn.statement_no
    )
    amount = f"{fen // 100}.{fen % 100:02d}"
    await receive(running, amount, remark=drawn.statement_no)
    await running.settle()
    return drawn.statement_no, amount


async def _state(statement_no: str) -> str:
    return str(await database.value("SELECT state FROM remittance_statement WHERE statement_no = $1", statement_no))


async def test_the_bank_takes_a_payment_back_and_the_agent_is_told(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    statement_no, amount = await _paid(running)
    assert await _state(statement_no) == "distributed"
    await receive(running, f"-{amount}", reversal=True, remark=f"退票 {statement_no}")
    await running.settle()
    assert await _state(statement_no) == "open"
    texts = await database.value("SELECT count(*) FROM sms_message WHERE template = 'collection.taken_back'")
    assert texts == 1, "of the two agents one pays"
    page = await (await desks("li.min")).open(TAKEN)
    assert statement_no in page.text and "已办结" in cells(page) and "按备注识别" in cells(page)


async def test_an_unknown_reversal_is_bound_by_hand(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    statement_no, amount = await _paid(running)
    await receive(running, f"-{amount}", reversal=True, payer_account_no="9999999999", remark="冲正")
    await running.settle()
    browser = await desks("li.min")
    page = await browser.open(TAKEN)
    assert "未识别的银行冲正" in page.text
    wrong = await browser.submit(page, f"{TAKEN}/bind", statement_no="HJ1")
    assert wrong.status_code == 409 and await _state(statement_no) == "distributed"
    page = await browser.submit(page, f"{TAKEN}/bind", statement_no=statement_no)
    assert "系统正在冲回" in said(page)
    await running.settle()
    assert await _state(statement_no) == "open"
    exported = await browser.submit(await browser.open(TAKEN), f"{TAKEN}/export")
    assert statement_no in exported.text and "合计" in exported.text


async def test_a_part_is_asked_for_by_one_and_agreed_to_by_another(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    statement_no, _ = await _paid(running)
    await receive(running, "-10.00", reversal=True, remark=statement_no)
    await running.settle()
    first = await desks("li.min")
    page = await first.open(f"{TAKEN}?state=partial")
    assert "部分收回，待确认" in cells(page)
    refused = await first.submit(page, f"{TAKEN}/ask", reason="短")
    assert refused.status_code == 409
    page = await first.submit(page, f"{TAKEN}/ask", reason="银行更正手续费")
    assert "已提交复核" in said(page)
    approval = await database.value("SELECT approval_id FROM approval WHERE state = 'waiting'")
    second = await desks("zhao.gang")
    here = f"/backoffice/approvals/{approval}"
    page = await second.open(here)
    assert "转为应收单位追回款" in page.text
    for wrong in ("?month=2026", "?state=gone"):
        assert (await first.open(f"{TAKEN}{wrong}")).status_code == 422


async def test_failures_are_counted_filtered_and_dealt_with(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    statement_no, _ = await _paid(running)
    now = running.clock()
    # three answers of a bank, as `item_settled` keeps them
    await database.execute(
        "INSERT INTO bank_batch (batch_id, direction, business_key, purpose, serial_no, bank_account_code,"
        " business_type, item_count, total_fen, input_hash, business_date, state, prepared_at, prepared_by)"
        " SELECT 1, 'collect', 'collection:x', 'entrusted_collection', 'SERIAL-X', code, '01', 3, 3, '', $1, 'ended',"
        " $2, 'system' FROM bank_account WHERE kind = 'demand' AND subject = '101' ORDER BY code LIMIT 1",
        business_date_of(now),
        now,
    )
    await database.execute(
        "INSERT INTO collection_attempt (employer_no, statement_id, attempt_no, batch_id, item_no, amount_fen, state,"
        " code, message, told_at, ended_at) SELECT employer_no, statement_id, n, 1, n, 10000 * n, 'rejected',"
        " CASE n WHEN 3 THEN '10004' ELSE '10005' END, CASE n WHEN 3 THEN '冻结' ELSE '余额不足' END, $2, $2"
        " FROM remittance_statement, generate_series(1, 3) AS n WHERE statement_no = $1",
        statement_no,
        now,
    )
    browser = await desks("li.min")
    page = await browser.open(FAILED)
    told = cells(page)
    assert "全部 3 笔，合计 600.00元" in told and "余额不足（10005） 2 2 300.00" in told
    assert "冻结（10004） 1 1 300.00" in told and "按管理部" in told
    narrowed = cells(await browser.open(f"{FAILED}?code=10004&kind=remittance"))
    assert "全部 1 笔，合计 300.00元" in narrowed
    assert "没有符合条件" in cells(await browser.open(f"{FAILED}?kind=back_payment"))
    for wrong in ("month=1", "office=x", "handled=x"):
        assert (await browser.open(f"{FAILED}?{wrong}")).status_code == 422
    again = await browser.submit(page, f"{FAILED}/handle", how="again", note="客户已存入资金")
    assert again.status_code == 409, "it is paid already"
    assert (await browser.submit(page, f"{FAILED}/handle", how="void", note="短")).status_code == 409
    page = await browser.submit(page, f"{FAILED}/handle", how="otherwise", note="单位已汇款缴纳")
    assert "已登记另行缴款" in said(page) and "没有未处理的托收失败" in page.text
    exported = await browser.submit(await browser.open(f"{FAILED}?handled=all"), f"{FAILED}/export?handled=all")
    assert "单位已汇款缴纳" in exported.text and "600.00" in exported.text
    reader = await desks("sun.cai")
    assert f"{FAILED}/handle" not in (await reader.open(f"{FAILED}?handled=all")).text
