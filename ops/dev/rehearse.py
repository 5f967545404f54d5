"""`./dev rehearse FILE [--month YYYY-MM] [--csv OUT]`: last month's decided withdrawals under a proposed rule.

FILE is YAML: `title`, `values` (parameter: value, as in domain/policy/values) and `kinds` (kind: conditions, limit,
account_states, as in domain/withdrawals/kinds). It says who would gain or lose and how much, and writes nothing but the
file named by --csv, which bears masked names only.
"""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

from domain import withdrawals
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.declared import DeclarationError, read
from domain.kernel.money import Money
from domain.policy import PolicyMissing
from domain.withdrawals import Rehearsal, Rehearsed
from ops import settings as configuration
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores
from ops.wiring import open_house, system_clock

USAGE = "usage: ./dev rehearse FILE [--month YYYY-MM] [--csv OUT]"
OUTCOMES = {
    "gains": "增加",
    "loses": "减少",
    "refused": "改为不予受理",
    "admitted": "改为受理",
    "same": "不变",
    "not_comparable": "无法比较",
}
SHOWN_MAX = 20


def main(arguments: list[str]) -> int:
    file, options = _options(arguments)
    try:
        proposal = withdrawals.proposal_of(read(file), name=file.name)
    except (OSError, DeclarationError) as error:
        raise CommandFailure(f"{file}：{error}") from error
    month = _month(options.get("--month"))
    with stores():
        try:
            found = asyncio.run(_rehearse(proposal, month))
        except PolicyMissing as error:
            raise CommandFailure(f"拟议的规则要用到没有值的参数{error.name}，请在values中写明") from error
    print("\n".join(report(found)))
    if "--csv" in options:
        write_csv(found, Path(options["--csv"]))
        print(f"逐件结果已写入 {options['--csv']}")
    return 0


async def _rehearse(proposal: withdrawals.Proposal, month: YearMonth) -> Rehearsal:
    async with open_house(configuration.load()):
        return await withdrawals.rehearse(proposal=proposal, month=month)


def _options(arguments: list[str]) -> tuple[Path, dict[str, str]]:
    if not arguments or arguments[0].startswith("--") or len(arguments) % 2 == 0:
        raise CommandFailure(USAGE)
    options = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    if set(options) - {"--month", "--csv"}:
        raise CommandFailure(USAGE)
    return Path(arguments[0]), options


def _month(text: str | None) -> YearMonth:
    if text is None:
        return YearMonth.of(business_date_of(system_clock())).minus(months=1)
    try:
        return YearMonth.parse(text)
    except ValueError as error:
        raise CommandFailure(f"月份写作 2026-10，不能是 {text}") from error


def report(found: Rehearsal) -> list[str]:
    """The result in lines: totals, by kind, and the largest differences."""
    lines = [f"演练：{found.title}　{found.month.year}年{found.month.month}月审结的提取 {len(found.cases)} 件"]
    for code, name in OUTCOMES.items():
        cases = found.of(code)  # type: ignore[arg-type]
        if cases:
            money = "" if code in ("same", "not_comparable") else f"　{_signed(_sum(cases))}"
            lines.append(f"  {name} {len(cases)} 件{money}")
    lines.append(f"  首期支付合计变化 {_signed(found.total('gains', 'loses', 'refused', 'admitted'))}")
    if found.turned_away:
        lines.append(f"  当月未受理的申请 {len(found.turned_away)} 件一并重算（不含姓名，期满即删）")
    if found.refused_by_staff:
        lines.append(f"  人工审核不予通过的 {found.refused_by_staff} 件未重算：规则不改变人工的决定")
    if found.without_facts:
        lines.append(f"  没有留存判断事实的 {found.without_facts} 件未重算")
    judged = (*found.cases, *found.turned_away)
    for kind in dict.fromkeys(case.kind_name for case in judged):
        cases = tuple(case for case in judged if case.kind_name == kind and case.outcome != "not_comparable")
        lines.append(f"  {kind}：{len(cases)} 件，{_signed(_sum(cases))}")
    changed = [case for case in judged if case.outcome in ("gains", "loses", "refused", "admitted")]
    for case in sorted(changed, key=lambda one: (-abs(one.difference.fen), one.case_no))[:SHOWN_MAX]:
        words = "；".join(case.reasons) if case.reasons else OUTCOMES[case.outcome]
        lines.append(
            f"  {case.case_no or '未受理的申请'} {case.applicant_masked} {case.kind_name}"
            f" {case.before.yuan_text} → {case.after.yuan_text} {words}"
        )
    if len(changed) > SHOWN_MAX:
        lines.append(f"  另有 {len(changed) - SHOWN_MAX} 件，用 --csv 导出全部")
    return lines


def write_csv(found: Rehearsal, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["办件编号", "申请人", "管理部", "提取类型", "原金额", "拟议金额", "差额", "结果", "不予受理的原因"]
        )
        for case in (*found.cases, *found.turned_away):
            writer.writerow(
                [
                    case.case_no or "未受理",
                    case.applicant_masked,
                    case.office_code,
                    case.kind_name,
                    str(case.before),
                    str(case.after),
                    str(case.difference),
                    OUTCOMES[case.outcome],
                    "；".join(case.reasons),
                ]
            )


def _sum(cases: tuple[Rehearsed, ...]) -> Money:
    return sum((case.difference for case in cases), Money.zero())


def _signed(amount: Money) -> str:
    return f"+{amount.yuan_text}" if amount > Money.zero() else amount.yuan_text
