"""Personal accounts, their entries and cards."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry

from domain.contributions import AccountView, CardView
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger import EntryView
from schema.context import Info
from schema.describing import member
from schema.guards import OWNER, answered, resolved, shown
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of
from schema.types.nodes import Node, global_id


@strawberry.enum(description="收支方向 · direction of an entry")
class EntrySide(Enum):
    IN = member("in", "收入 · the balance grows")
    OUT = member("out", "支出 · the balance shrinks")


@strawberry.type(description="个人银行卡 · bank card registered in the person's own name")
class BankCard(Node):
    owner_id: strawberry.Private[int | None]
    bank_code: str = shown(OWNER, "银行代码 · code of the entrusted bank")
    bank_name: str = shown(OWNER, "开户银行 · bank")
    bank_entrusted: bool = shown(OWNER, "是否受托银行 · whether the centre pays to this bank")
    card_no_masked: str = shown(OWNER, "卡号（脱敏）· masked number")
    is_default: bool = shown(OWNER, "是否默认卡 · whether it is the default")
    id: strawberry.ID = shown(OWNER, "全局编号 · global id")

    @classmethod
    def of(cls, card: CardView, *, owner_id: int | None) -> BankCard:
        return cls(
            id=global_id("Card", card.card_id),
            owner_id=owner_id,
            bank_code=card.bank_code,
            bank_name=card.bank_name,
            bank_entrusted=card.bank_entrusted,
            card_no_masked=card.card_no_masked,
            is_default=card.is_default,
        )


def _entry_id(root: LedgerEntry) -> strawberry.ID:
    return global_id("Entry", root.key)


@strawberry.type(description="个人账户明细 · entry of a personal account")
class LedgerEntry(Node):
    owner_id: strawberry.Private[int | None]
    key: strawberry.Private[str]

    id: strawberry.ID = answered(_entry_id, OWNER, "全局编号 · global id")
    voucher_no: str = shown(OWNER, "凭证号 · voucher")
    kind: str = shown(OWNER, "业务类型代码 · kind of business (JGJ/T 320)")
    kind_name: str = shown(OWNER, "业务类型 · kind of business")
    side: EntrySide = shown(OWNER, "收支方向 · direction")
    amount: Money = shown(OWNER, "发生额 · amount")
    balance_before: Money = shown(OWNER, "变动前余额 · balance before")
    balance_after: Money = shown(OWNER, "变动后余额 · balance after")
    business_date: date = shown(OWNER, "记账日期 · date of booking")
    summary: str = shown(OWNER, "摘要 · summary")

    @classmethod
    def of(cls, entry: EntryView, *, owner_id: int | None) -> LedgerEntry:
        return cls(
            owner_id=owner_id,
            key=f"{entry.account_no}:{entry.sequence}",
            voucher_no=entry.voucher_no,
            kind=entry.kind,
            kind_name=entry.kind_name,
            side=EntrySide(entry.side),
            amount=entry.amount,
            balance_before=entry.balance_before,
            balance_after=entry.balance_after,
            business_date=entry.business_date,
            summary=entry.summary,
        )


@strawberry.type(description="个人账户 · personal account")
class Account(Node):
    owner_id: strawberry.Private[int]
    number: strawberry.Private[int]
    id: strawberry.ID = shown(OWNER, "全局编号 · global id")
    account_no: str = shown(OWNER, "个人账号 · account number")
    employer_name: str = shown(OWNER, "单位名称 · employer")
    office_name: str = shown(OWNER, "管理部 · management office in charge")
    state: str = shown(OWNER, "账户状态代码 · state (JGJ/T 320 A.6)")
    state_name: str = shown(OWNER, "账户状态 · state in words")
    balance: Money = shown(OWNER, "账户余额 · balance")
    held: Money = shown(OWNER, "占用金额 · held for applications under way")
    available: Money = shown(OWNER, "可用余额 · what may be applied for")
    base: Money = shown(OWNER, "缴存基数 · contribution base")
    monthly_contribution: Money = shown(OWNER, "月缴存额 · monthly contribution")
    opened_on: date = shown(OWNER, "开户日期 · date of opening")
    paid_through: YearMonth | None = shown(OWNER, "缴至年月 · paid through")

    @resolved(OWNER, "账户明细，最新的在前 · entries, the newest first; `first` at most 100")
    async def entries(
        self, info: Info, first: int = FIRST_DEFAULT, after: str | None = None
    ) -> Connection[LedgerEntry]:
        context = info.context
        page = await context.loaders.entries_of(actor=context.actor, account_no=self.number, first=first, after=after)
        return connection_of(page, lambda entry: LedgerEntry.of(entry, owner_id=self.owner_id))

    @resolved(OWNER, "收款银行卡 · cards that may be paid to")
    async def cards(self, info: Info) -> list[BankCard]:
        cards = await info.context.loaders.cards_of(actor=info.context.actor)
        return [BankCard.of(card, owner_id=self.owner_id) for card in cards if card.account_no == self.number]

    @classmethod
    def of(cls, account: AccountView) -> Account:
        return cls(
            id=global_id("Account", account.account_no),
            owner_id=account.person_id,
            number=account.account_no,
            account_no=str(account.account_no),
            employer_name=account.employer_name,
            office_name=account.office_name,
            state=account.state,
            state_name=account.state_name,
            balance=account.balance,
            held=account.held,
            available=account.available,
            base=account.base,
            monthly_contribution=account.monthly_contribution,
            opened_on=account.opened_on,
            paid_through=account.paid_through,
        )
