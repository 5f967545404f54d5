"""Who is asking."""

from __future__ import annotations

import strawberry

from auth import agents
from auth.rights import rights_of
from domain.contributions import Agency, PersonView
from domain.kernel.actor import Actor
from domain.kernel.identifiers import mask_name
from schema.context import Info
from schema.guards import OWNER, PERSON, PUBLIC, resolved, shown
from schema.types.accounts import Account, BankCard


@strawberry.type(description="缴存人 · the person who is logged in")
class Person:
    owner_id: strawberry.Private[int]
    name_masked: str = shown(OWNER, "姓名（脱敏）· name, masked")
    document_type: str = shown(OWNER, "证件类型 · type of document (JGJ/T 320 A.1)")
    document_no_masked: str = shown(OWNER, "证件号码（脱敏）· document number, masked")
    mobile_masked: str | None = shown(OWNER, "手机号码（脱敏）· mobile number, masked")

    @resolved(OWNER, "个人账户 · personal accounts")
    async def accounts(self, info: Info) -> list[Account]:
        accounts = await info.context.loaders.accounts_of(actor=info.context.actor)
        return [Account.of(account) for account in accounts]

    @resolved(OWNER, "银行卡 · cards in the person's own name")
    async def cards(self, info: Info) -> list[BankCard]:
        cards = await info.context.loaders.cards_of(actor=info.context.actor)
        return [BankCard.of(card, owner_id=self.owner_id) for card in cards]

    @classmethod
    def of(cls, person: PersonView) -> Person:
        return cls(
            owner_id=person.person_id,
            name_masked=person.name_masked,
            document_type=person.document_type,
            document_no_masked=person.document_no_masked,
            mobile_masked=person.mobile_masked,
        )


@strawberry.type(description="可代办的单位 · an employer that the caller may act for")
class ActingEmployer:
    employer_no: str = shown(PERSON, "单位登记号 · employer's number")
    name: str = shown(PERSON, "单位名称 · employer's name")
    scopes: list[str] = shown(PERSON, "业务范围 · what for; `all` covers everything")

    @classmethod
    def of(cls, agency: Agency) -> ActingEmployer:
        return cls(employer_no=str(agency.employer_no), name=agency.employer_name, scopes=sorted(agency.scopes))


@strawberry.type(description="当前用户 · the caller")
class Viewer:
    actor: strawberry.Private[Actor]
    kind: str = shown(PUBLIC, "用户类型 · anonymous, citizen, agent or staff")
    name: str = shown(PUBLIC, "姓名（脱敏）· name, masked; of staff the name")
    channel: str = shown(PUBLIC, "渠道 · channel")
    assurance: str = shown(PUBLIC, "认证级别 · level of login: none, password, real_name, face")
    permissions: list[str] = shown(PUBLIC, "权限 · rights of staff")
    employer_no: str | None = shown(PUBLIC, "所代表单位的登记号 · employer acted for; null but for agents")
    scopes: list[str] = shown(PUBLIC, "经办业务范围 · what an agent may do for the employer")

    @resolved(
        PUBLIC, "可代办的单位 · employers that the caller may act for; empty without a verified identity", list_size=5
    )
    async def employers(self, info: Info) -> list[ActingEmployer]:
        if not (self.actor.is_real_name or self.actor.is_agent):
            return []
        found = await agents.employers_of(actor=self.actor, now=info.context.now)
        return [ActingEmployer.of(one) for one in found]

    @resolved(PUBLIC, "缴存人信息 · the person; null unless a citizen is logged in")
    async def person(self, info: Info) -> Person | None:
        if not self.actor.is_citizen:
            return None
        return Person.of(await info.context.loaders.person_of(actor=info.context.actor))

    @classmethod
    def of(cls, actor: Actor) -> Viewer:
        return cls(
            actor=actor,
            kind=actor.kind,
            name=mask_name(actor.name)
            if (actor.is_citizen or actor.is_agent) and "*" not in actor.name
            else actor.name,
            channel=actor.channel,
            assurance=actor.assurance,
            permissions=sorted(rights_of(actor)),
            employer_no=None if actor.employer_no is None else str(actor.employer_no),
            scopes=sorted(actor.scopes),
        )
