"""The employer that an agent acts for: what it owes, its people, lists and statements."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from domain import contributions
from domain.contributions import (
    EmployeeView,
    EmployerStanding,
    JudgedRow,
    ListRowView,
    ListView,
    MatterView,
    StatementView,
)
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from schema.context import Info
from schema.describing import argument
from schema.guards import AGENT, EMPLOYER, resolved, shown
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of


@strawberry.type(description="清册行的问题 · what is wrong with a row")
class RowProblem:
    column: str = shown(AGENT, "列 · heading of the column")
    code: str = shown(AGENT, "问题编码 · stable code")
    message: str = shown(AGENT, "提示语 · a sentence that says what to do")
    warns: bool = shown(AGENT, "仅提示 · only a warning, the row is not refused for it")


@strawberry.type(description="清册行 · a row of a list with its result")
class ListRow:
    employer_no: strawberry.Private[int]
    row_no: int = shown(EMPLOYER, "行号 · row of the file, the heading being 1")
    action_name: str = shown(EMPLOYER, "变更类型 · what the row asks for")
    name_masked: str = shown(EMPLOYER, "姓名（脱敏）· masked name")
    document_no_masked: str = shown(EMPLOYER, "证件号码（脱敏）· masked document number")
    month: YearMonth | None = shown(EMPLOYER, "年月 · month")
    base: Money | None = shown(EMPLOYER, "缴存基数 · contribution base")
    employer_part: Money | None = shown(EMPLOYER, "单位月缴存额 · employer's part")
    employee_part: Money | None = shown(EMPLOYER, "职工月缴存额 · employee's part")
    account_no: str | None = shown(EMPLOYER, "个人账号 · account number, once there is one")
    state: str = shown(EMPLOYER, "结果代码 · accepted, refused or applied")
    state_name: str = shown(EMPLOYER, "结果 · result in words")
    problems: list[RowProblem] = shown(EMPLOYER, "问题 · everything wrong with it at once")

    @classmethod
    def of(cls, view: ListRowView) -> ListRow:
        return cls(
            employer_no=view.employer_no,
            row_no=view.row_no,
            action_name=view.action_name,
            name_masked=view.name_masked,
            document_no_masked=view.document_no_masked,
            month=view.month,
            base=view.base,
            employer_part=view.employer_part,
            employee_part=view.employee_part,
            account_no=str(view.account_no) if view.account_no else None,
            state=view.state,
            state_name=view.state_name,
            problems=[
                RowProblem(column=one.column, code=one.code, message=one.message, warns=one.warns)
                for one in view.problems
            ],
        )

    @classmethod
    def judged(cls, row: JudgedRow, *, employer_no: int) -> ListRow:
        """A row that was given one by one, as it was judged."""
        said = row.row
        return cls(
            employer_no=employer_no,
            row_no=row.row_no,
            action_name=row.texts.get("action", ""),
            name_masked=mask_name(row.texts.get("name", "")),
            document_no_masked=mask_id_document(row.texts.get("document_no", "")),
            month=row.month,
            base=said.base if said else None,
            employer_part=row.parts.employer if row.parts else None,
            employee_part=row.parts.employee if row.parts else None,
            account_no=str(row.account_no) if row.account_no else None,
            state="accepted" if row.accepted else "refused",
            state_name="通过" if row.accepted else "未通过",
            problems=[
                RowProblem(
                    column=str(shown_as["column"]),
                    code=one.refusal.code,
                    message=one.refusal.message,
                    warns=one.warns,
                )
                for one in row.problems
                for shown_as in (one.as_json(),)
            ],
        )


@strawberry.type(description="清册办理后的影响 · what the rows that passed will do to the money")
class ListEffect:
    employer_no: strawberry.Private[int]
    people_before: int = shown(EMPLOYER, "办理前在缴人数 · people before")
    people_after: int = shown(EMPLOYER, "办理后在缴人数 · people after")
    monthly_before: Money = shown(EMPLOYER, "办理前每月应缴 · a month's amount before")
    monthly_after: Money = shown(EMPLOYER, "办理后每月应缴 · a month's amount after")
    payable: Money | None = shown(EMPLOYER, "补缴合计 · what back payments come to; null for other lists")


@strawberry.type(description="清册 · a list: changes of a month, back payments, or new bases")
class ContributionList:
    employer_no: strawberry.Private[int]
    list_no: str = shown(EMPLOYER, "清册编号 · number")
    kind: str = shown(EMPLOYER, "清册种类代码 · change, back_payment or annual_base")
    kind_name: str = shown(EMPLOYER, "清册种类 · kind in words")
    month: YearMonth | None = shown(EMPLOYER, "汇缴年月 · month it is for; null for back payments")
    state: str = shown(EMPLOYER, "状态代码 · checking, checked, applying, applied, refused or cancelled")
    state_name: str = shown(EMPLOYER, "状态 · state in words")
    file_name: str | None = shown(EMPLOYER, "文件名 · name of the file")
    row_count: int | None = shown(EMPLOYER, "行数 · rows, known once all are checked")
    checked_count: int = shown(EMPLOYER, "已校验行数 · rows checked so far")
    accepted_count: int = shown(EMPLOYER, "通过行数 · rows that passed")
    refused_count: int = shown(EMPLOYER, "未通过行数 · rows that did not")
    applied_count: int = shown(EMPLOYER, "已办理行数 · rows that have taken effect")
    problem: str | None = shown(EMPLOYER, "未受理原因 · why the file as a whole was not taken")
    source: str = shown(EMPLOYER, "来源代码 · ewindow or social_security; empty for the employer's own channels")
    created_at: datetime = shown(EMPLOYER, "提交时间 · when it was given")

    @resolved(EMPLOYER, "清册行及结果 · rows with their results, in their order; `first` at most 100")
    async def rows(
        self,
        info: Info,
        first: int = FIRST_DEFAULT,
        after: str | None = None,
        refused_only: Annotated[bool, argument("只看未通过的行 · only rows that did not pass")] = False,
    ) -> Connection[ListRow]:
        page = await contributions.rows_of_list(
            actor=info.context.actor,
            employer_no=self.employer_no,
            list_no=self.list_no,
            refused_only=refused_only,
            first=first,
            after=after,
        )
        return connection_of(page, ListRow.of)

    @resolved(EMPLOYER, "办理后的影响 · what it will do to the money, before it is submitted; null once it was")
    async def effect(self, info: Info) -> ListEffect | None:
        if self.state != "checked":
            return None
        found = await contributions.effect_of_list(
            actor=info.context.actor, employer_no=self.employer_no, list_no=self.list_no
        )
        return ListEffect(
            employer_no=self.employer_no,
            people_before=found.people_before,
            people_after=found.people_after,
            monthly_before=found.monthly_before,
            monthly_after=found.monthly_after,
            payable=found.payable,
        )

    @classmethod
    def of(cls, view: ListView) -> ContributionList:
        return cls(
            employer_no=view.employer_no,
            list_no=view.list_no,
            kind=view.kind,
            kind_name=view.kind_name,
            month=view.month,
            state=view.state,
            state_name=view.state_name,
            file_name=view.file_name,
            row_count=view.row_count,
            checked_count=view.checked_count,
            accepted_count=view.accepted_count,
            refused_count=view.refused_count,
            applied_count=view.applied_count,
            problem=view.problem,
            source=view.mark,
            created_at=view.created_at,
        )


@strawberry.type(description="汇缴书、补缴书 · a statement of what is owed")
class RemittanceStatement:
    employer_no: strawberry.Private[int]
    statement_no: str = shown(EMPLOYER, "编号，付款时请写在附言中 · number, to be written into the payment's remark")
    kind_name: str = shown(EMPLOYER, "种类 · remittance or back payment")
    month: YearMonth | None = shown(EMPLOYER, "汇缴年月 · month; null for back payments")
    version: int = shown(EMPLOYER, "版本 · version within the month")
    person_count: int = shown(EMPLOYER, "人数 · persons")
    came: int = shown(EMPLOYER, "比上月增加人数 · persons that came since the month before")
    went: int = shown(EMPLOYER, "比上月减少人数 · persons that left since the month before")
    changed: int = shown(EMPLOYER, "基数变更人数 · persons whose base changed")
    employer_part: Money = shown(EMPLOYER, "单位部分 · employer's part")
    employee_part: Money = shown(EMPLOYER, "职工部分 · employees' part")
    amount: Money = shown(EMPLOYER, "应缴金额 · amount owed")
    method_name: str = shown(EMPLOYER, "缴款方式 · how it is paid")
    state: str = shown(
        EMPLOYER, "状态代码 · open, collecting, paid, distributed, taking_back (银行收回款项，冲回中) or cancelled"
    )
    state_name: str = shown(EMPLOYER, "状态 · state in words")
    due_on: date = shown(EMPLOYER, "缴款期限 · last day to pay")
    paid_on: date | None = shown(EMPLOYER, "到账日期 · when the money was there")
    distributed: Money = shown(EMPLOYER, "已入账金额 · in the personal accounts")
    returned: Money = shown(EMPLOYER, "转入单位暂存款金额 · come back, because an account takes no money any more")
    failure: str | None = shown(EMPLOYER, "最近一次托收失败原因 · why the last collection failed")

    @classmethod
    def of(cls, view: StatementView) -> RemittanceStatement:
        return cls(
            employer_no=view.employer_no,
            statement_no=view.statement_no,
            kind_name=view.kind_name,
            month=view.month,
            version=view.version,
            person_count=view.person_count,
            came=view.came,
            went=view.went,
            changed=view.changed,
            employer_part=view.employer_part,
            employee_part=view.employee_part,
            amount=view.amount,
            method_name=view.method_name,
            state=view.state,
            state_name=view.state_name,
            due_on=view.due_on,
            paid_on=view.paid_on,
            distributed=view.distributed,
            returned=view.returned,
            failure=view.failure,
        )


@strawberry.type(description="在缴职工 · somebody the employer contributes for")
class Employee:
    employer_no: strawberry.Private[int]
    account_no: str = shown(EMPLOYER, "个人账号 · account number")
    name_masked: str = shown(EMPLOYER, "姓名（脱敏）· masked name")
    document_no_masked: str = shown(EMPLOYER, "证件号码（脱敏）· masked document number")
    base: Money = shown(EMPLOYER, "缴存基数 · contribution base")
    monthly: Money = shown(EMPLOYER, "月缴存额 · monthly contribution")
    began: YearMonth = shown(EMPLOYER, "起缴年月 · first month")
    paid_through: YearMonth | None = shown(EMPLOYER, "缴至年月 · paid through")

    @classmethod
    def of(cls, view: EmployeeView) -> Employee:
        return cls(
            employer_no=view.employer_no,
            account_no=str(view.account_no),
            name_masked=view.name_masked,
            document_no_masked=view.document_no_masked,
            base=view.base,
            monthly=view.monthly,
            began=view.began,
            paid_through=view.paid_through,
        )


@strawberry.type(description="单位业务 · a matter of the employer")
class EmployerMatter:
    employer_no: strawberry.Private[int]
    matter_no: str = shown(EMPLOYER, "办件编号 · number")
    kind_name: str = shown(EMPLOYER, "业务 · what it is")
    state: str = shown(EMPLOYER, "状态代码 · state")
    state_name: str = shown(EMPLOYER, "状态 · state in words")
    submitted_at: datetime = shown(EMPLOYER, "提交时间 · when it was given")
    reason: str | None = shown(EMPLOYER, "原因 · why it was refused or withdrawn")
    problem: str | None = shown(EMPLOYER, "办理失败原因 · why it could not be carried out")

    @classmethod
    def of(cls, view: MatterView) -> EmployerMatter:
        return cls(
            employer_no=view.employer_no,
            matter_no=view.matter_no,
            kind_name=view.kind_name,
            state=view.state,
            state_name=view.state_name,
            submitted_at=view.submitted_at,
            reason=view.reason,
            problem=view.last_problem,
        )


@strawberry.type(description="单位 · the employer that the caller acts for")
class Employer:
    employer_no: strawberry.Private[int]
    standing: strawberry.Private[EmployerStanding]
    number: str = shown(EMPLOYER, "单位登记号 · number")
    name: str = shown(EMPLOYER, "单位名称 · name")
    uscc: str = shown(EMPLOYER, "统一社会信用代码 · unified social credit code")
    kind_name: str = shown(EMPLOYER, "单位性质 · kind")
    office_code: str = shown(EMPLOYER, "管理部代码 · department in charge")
    state: str = shown(EMPLOYER, "单位账户状态代码 · state (JGJ/T 320 A.4)")
    state_name: str = shown(EMPLOYER, "单位账户状态 · state in words")
    pay_day: int = shown(EMPLOYER, "发薪日 · pay day")
    paid_through: YearMonth | None = shown(EMPLOYER, "缴至年月 · paid through")
    next_month: YearMonth = shown(EMPLOYER, "应缴年月 · month that is remitted next")
    payment_method_name: str = shown(EMPLOYER, "缴款方式 · how it pays")

    @resolved(EMPLOYER, "单位缴存比例 · employer's rate of the next month")
    def employer_rate(self) -> Decimal:
        return Decimal(self.standing.rates_on(self.standing.next_due)[0]) / 10_000

    @resolved(EMPLOYER, "职工缴存比例 · employees' rate of the next month")
    def employee_rate(self) -> Decimal:
        return Decimal(self.standing.rates_on(self.standing.next_due)[1]) / 10_000

    @resolved(EMPLOYER, "单位暂存款余额 · money that stands with the employer")
    async def balance(self, info: Info) -> Money:
        return await contributions.balance_of_employer(employer_no=self.employer_no)

    @resolved(EMPLOYER, "清册，最新的在前 · lists, the newest first; `first` at most 100")
    async def lists(
        self, info: Info, first: int = FIRST_DEFAULT, after: str | None = None
    ) -> Connection[ContributionList]:
        page = await contributions.lists_of(
            actor=info.context.actor, employer_no=self.employer_no, first=first, after=after
        )
        return connection_of(page, ContributionList.of)

    @resolved(EMPLOYER, "清册 · one list; null for a number that is none of the employer's")
    async def contribution_list(
        self, info: Info, list_no: Annotated[str, argument("清册编号 · number")]
    ) -> ContributionList | None:
        try:
            view = await contributions.list_of(actor=info.context.actor, employer_no=self.employer_no, list_no=list_no)
        except Refused:
            return None
        return ContributionList.of(view)

    @resolved(EMPLOYER, "汇缴书、补缴书，最新的在前 · statements, the newest first; `first` at most 100")
    async def statements(
        self, info: Info, first: int = FIRST_DEFAULT, after: str | None = None
    ) -> Connection[RemittanceStatement]:
        page = await contributions.statements_of_employer(
            actor=info.context.actor, employer_no=self.employer_no, first=first, after=after
        )
        return connection_of(page, RemittanceStatement.of)

    @resolved(EMPLOYER, "在缴职工 · whom the employer contributes for; `first` at most 100")
    async def employees(self, info: Info, first: int = FIRST_DEFAULT, after: str | None = None) -> Connection[Employee]:
        page = await contributions.employees_of(
            actor=info.context.actor, employer_no=self.employer_no, first=first, after=after
        )
        return connection_of(page, Employee.of)

    @resolved(EMPLOYER, "单位业务，最新的在前 · matters, the newest first", list_size=100)
    async def matters(self, info: Info) -> list[EmployerMatter]:
        views = await contributions.matters_of(actor=info.context.actor, employer_no=self.employer_no)
        return [EmployerMatter.of(view) for view in views]

    @classmethod
    def of(cls, standing: EmployerStanding) -> Employer:
        return cls(
            employer_no=standing.employer_no,
            standing=standing,
            number=str(standing.employer_no),
            name=standing.name,
            uscc=standing.uscc,
            kind_name=contributions.EMPLOYER_KIND_NAMES[standing.kind],
            office_code=standing.office_code,
            state=standing.state,
            state_name=contributions.EMPLOYER_STATE_NAMES[standing.state],
            pay_day=standing.pay_day,
            paid_through=standing.paid_through,
            next_month=standing.next_due,
            payment_method_name=contributions.METHOD_NAMES[standing.payment_method],
        )
