"""What is known of an employer for a certificate of compliance, and how it stands on the paper."""

from __future__ import annotations

from datetime import date

from domain import policy
from domain.archives import Paper
from domain.contributions.certificates.enforcement import KIND_NAMES as ENFORCEMENT_NAMES
from domain.contributions.employers.standing import STATE_NAMES, EmployerStanding
from domain.contributions.rules.compliance import CertificateKind, ComplianceFacts, Enforcement
from domain.contributions.rules.months import months_from
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

TITLES = {"listing_certificate": "住房公积金缴存合规证明", "bankruptcy_certificate": "住房公积金缴存情况证明"}


async def compliance_of(using: Executor, *, standing: EmployerStanding, business_date: date) -> ComplianceFacts:
    """Within the caller's transaction, with the employer locked when it decides."""
    employer_no = standing.employer_no
    arrears = await using.rows(
        "SELECT statement_no FROM remittance_statement WHERE employer_no = $1"
        " AND state IN ('open', 'collecting', 'taking_back') AND due_on < $2 ORDER BY due_on, statement_no",
        employer_no,
        business_date,
    )
    back_paid = await using.rows(
        "SELECT DISTINCT l.period FROM remittance_line l JOIN remittance_statement s USING (employer_no, statement_id)"
        " WHERE l.employer_no = $1 AND s.kind = 'back_payment' AND s.state = 'distributed'",
        employer_no,
    )
    enforcements = await using.rows(
        "SELECT kind, document_no, decided_on, settled_on FROM employer_enforcement WHERE employer_no = $1"
        " ORDER BY decided_on, document_no",
        employer_no,
    )
    return ComplianceFacts(
        first=standing.first_month,
        paid_through=standing.paid_through,
        deferred=frozenset(standing.deferred),
        back_paid=frozenset(YearMonth.of_period(row["period"]) for row in back_paid),
        pay_day=standing.pay_day,
        days=policy.on(business_date).number("contribution.remittance_deadline"),
        arrears=tuple(row["statement_no"] for row in arrears),
        enforcements=tuple(
            Enforcement(
                kind_name=ENFORCEMENT_NAMES[row["kind"]],
                document_no=row["document_no"],
                decided_on=row["decided_on"],
                settled_on=row["settled_on"],
            )
            for row in enforcements
        ),
        business_date=business_date,
    )


async def certificate_paper(
    using: Executor,
    *,
    standing: EmployerStanding,
    facts: ComplianceFacts,
    kind: CertificateKind,
    start: YearMonth,
    until: YearMonth,
    purpose: str,
) -> Paper:
    paid = await using.row(
        "SELECT coalesce(sum(employer_fen + employee_fen), 0)::bigint AS fen, count(DISTINCT account_no) AS people"
        " FROM remittance_line WHERE employer_no = $1 AND state = 'P' AND period BETWEEN $2 AND $3",
        standing.employer_no,
        start.period,
        until.period,
    )
    people = await using.value(
        "SELECT count(*) FROM employment WHERE employer_no = $1 AND ended_period IS NULL", standing.employer_no
    )
    assert paid is not None
    unpaid = facts.unpaid(start=start, until=until)
    deferred = facts.deferred_within(start=start, until=until)
    day = facts.business_date
    stated = [
        ("单位名称", standing.name),
        ("统一社会信用代码", standing.uscc),
        ("单位登记号", str(standing.employer_no)),
        ("开户日期", f"{standing.opened_on:%Y-%m-%d}"),
        ("账户状态", STATE_NAMES[standing.state]),
        ("查询期间", f"{start}至{until}，共{len(months_from(start, until))}个月"),
        ("缴至年月", str(standing.paid_through) if standing.paid_through else "尚未缴存"),
        ("当前在缴职工", f"{people}人"),
        ("期间经本系统分配", f"{Money(paid['fen']).yuan_text}，{paid['people']}人"),
        ("用途", purpose),
    ]
    until_day = f"截至{day.year}年{day.month}月{day.day}日，"
    if kind == "listing_certificate":
        text = [
            f"经查询，{standing.name}已在本中心开立住房公积金单位账户并为职工缴存住房公积金。",
            f"{until_day}该单位在查询期间没有应缴未缴的月份，没有因违反《住房公积金管理条例》被本中心责令改正、"
            "行政处罚或申请强制执行的记录。",
        ]
        if deferred:
            text.append(f"其中{_months(deferred)}经批准缓缴，尚未补缴。")
        return Paper(title=TITLES[kind], facts=stated, text=text, notes=_NOTES)
    text = [f"{until_day}{standing.name}在查询期间的住房公积金缴存情况如下："]
    rows = [(str(month), "应缴未缴") for month in unpaid]
    rows += [(str(month), "经批准缓缴，尚未补缴") for month in deferred]
    rows += [(number, "已到期未缴的汇缴书或补缴书") for number in facts.arrears]
    rows += [
        (one.document_no, f"{one.kind_name}，{one.decided_on}，{'已了结' if one.settled_on else '未了结'}")
        for one in facts.enforced_within(start=start, until=until)
    ]
    if not rows:
        text.append("没有应缴未缴的月份，没有未了结的责令改正、行政处罚或强制执行。")
    heads, wide = (("月份或文书", "情况"), (3, 7)) if rows else ((), ())
    return Paper(title=TITLES[kind], facts=stated, text=text, heads=heads, rows=rows, wide=wide, notes=_NOTES)


_NOTES = ("本证明依据本中心业务系统记录出具，不含开户前及由其他机构管理的缴存情况。",)


def _months(months: list[YearMonth]) -> str:
    return str(months[0]) if len(months) == 1 else f"{months[0]}至{months[-1]}中的{len(months)}个月"
