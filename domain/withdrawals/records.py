"""提取记录证明 (D14): what was withdrawn from an account in a period, under the centre's seal: made at once for the
citizen, and at a desk from a case that was paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import archives, contributions, policy
from domain.archives import Paper, PaperView
from domain.kernel import database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, transaction
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.refusals import RECORD_PERIOD

TITLE, KIND, LETTERS = "住房公积金提取记录证明", "withdrawal_record", "TR"
YEARS_MAX = 10


async def issue_record(
    *,
    actor: Actor,
    account_no: int,
    from_on: date,
    until_on: date,
    request_key: str,
    now: datetime,
    business_date: date,
) -> PaperView:
    """For one of the citizen's own accounts, both days inclusive. The same key gives the same paper. Raises Refused."""
    await contributions.require_own(actor=actor, account_no=account_no)
    if not from_on <= until_on <= business_date or until_on.year - from_on.year > YEARS_MAX:
        raise Refused(RECORD_PERIOD(years=YEARS_MAX))
    assert actor.person_id is not None
    given: dict[str, object] = {"account_no": account_no, "from_on": from_on, "until_on": until_on}
    async with transaction() as tx:
        await tx.execute("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="issue_withdrawal_record",
            given=given, now=now,
        )  # fmt: skip
        if begun is not None:
            return await archives.paper_view(account_no=account_no, paper_no=str(begun["paper_no"]))
        paper, holder = await record_paper(
            account_no=account_no, person_id=actor.person_id, from_on=from_on, until_on=until_on, using=tx
        )
        days = policy.on(business_date).number("collection.certificate_valid_days")
        paper_no = await archives.issue(
            tx, actor=actor, account_no=account_no, kind=KIND, letters=LETTERS, paper=paper, holder_shown=holder,
            reference=f"account:{account_no}", valid_until=business_date + timedelta(days=days), now=now,
            business_date=business_date,
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=account_no, request_key=request_key, result={"paper_no": paper_no}
        )
    return await archives.paper_view(account_no=account_no, paper_no=paper_no)


async def record_paper(
    *, account_no: int, person_id: int, from_on: date, until_on: date, using: Executor = database.pool
) -> tuple[Paper, str]:
    """What stands on the paper, and the holder's masked name. Read from what the books have posted."""
    person = await contributions.clear_person(person_id=person_id, using=using)
    account = await contributions.account_of(account_no=account_no, using=using)
    rows = await using.rows(_PAID, account_no, from_on, until_on)
    out = sum((Money(row["fen"]) for row in rows if row["fen"] > 0), Money.zero())
    back = sum((Money(-row["fen"]) for row in rows if row["fen"] < 0), Money.zero())
    paper = Paper(
        title=TITLE,
        facts=[
            ("姓名", person.name),
            ("证件号码", mask_id_document(person.document_no)),
            ("个人账号", str(account_no)),
            ("账户状态", account.state_name),
            ("记录期间", f"{from_on.isoformat()}至{until_on.isoformat()}"),
            ("提取合计", f"{out.yuan_text}（{sum(row['fen'] > 0 for row in rows)}笔）"),
            *([("退回合计", back.yuan_text)] if back else []),
        ],
        text=[] if rows else ["该账户在上述期间没有提取记录。"],
        heads=("日期", "办件编号", "提取类型", "金额（元）"),
        rows=[
            (
                row["on_day"].isoformat(),
                row["case_no"],
                kind_of(row["kind"]).name + ("（退回）" if row["fen"] < 0 else ""),
                str(Money(abs(row["fen"]))),
            )
            for row in rows
        ],
        wide=(18, 30, 34, 18),
    )
    return paper, mask_name(person.name)


_PAID = """
SELECT coalesce(v.posted_on, g.posted_on) AS on_day, c.case_no, w.kind, w.amount_fen AS fen
FROM withdrawal w JOIN service_case c USING (account_no, case_id)
LEFT JOIN voucher v ON v.account_no = w.account_no AND v.voucher_id = w.voucher_id
LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = w.voucher_id
WHERE w.account_no = $1 AND w.state = 'paid' AND coalesce(v.posted_on, g.posted_on) BETWEEN $2 AND $3
UNION ALL
SELECT v.posted_on, d.case_no, 'maintenance_fund_deposit', -r.amount_fen
FROM maintenance_refund r JOIN maintenance_deposit d USING (account_no, case_id)
JOIN voucher v ON v.account_no = r.to_account_no AND v.voucher_id = r.voucher_id
WHERE r.account_no = $1 AND r.to_account_no = $1 AND r.state = 'returned' AND v.posted_on BETWEEN $2 AND $3
ORDER BY 1, 2, 4 DESC
"""
