"""The service items that a channel offers."""

from __future__ import annotations

import strawberry

from domain.catalogue import AREA_NAMES
from domain.catalogue import ServiceItem as Item
from schema.guards import PUBLIC, shown
from schema.types.nodes import Node, global_id


@strawberry.type(description="服务事项 · service item")
class ServiceItem(Node):
    id: strawberry.ID = shown(PUBLIC, "全局编号 · global id")
    code: str = shown(PUBLIC, "事项编码 · code, such as C20")
    item: str = shown(PUBLIC, "事项标识 · identifier, such as rent_withdrawal")
    name: str = shown(PUBLIC, "事项名称 · name")
    area: str = shown(PUBLIC, "业务领域代码 · area")
    area_name: str = shown(PUBLIC, "业务领域 · area in words")
    audience: list[str] = shown(PUBLIC, "服务对象 · person, employer")
    open: bool = shown(PUBLIC, "是否已开通 · whether it can be applied for here already")
    operations: list[str] = shown(PUBLIC, "接口操作 · fields of this schema that serve it")
    login: str = shown(PUBLIC, "登录要求 · level of login that it needs")
    steps: list[str] = shown(PUBLIC, "办理环节 · steps in order")
    time_limit: str = shown(PUBLIC, "办理时限 · time limit in words")
    time_limit_working_days: int = shown(PUBLIC, "办理时限（工作日）· 0 means at once")
    materials: list[str] = shown(PUBLIC, "申请材料 · what the applicant has to hand in")
    legal_basis: list[str] = shown(PUBLIC, "办理依据 · legal basis")
    unverified: list[str] = shown(PUBLIC, "待核实内容 · what the centre has not confirmed yet")

    @classmethod
    def of(cls, item: Item) -> ServiceItem:
        days = item.time_limit_working_days
        return cls(
            id=global_id("ServiceItem", item.code),
            code=item.code,
            item=item.identifier,
            name=item.name,
            area=item.area,
            area_name=AREA_NAMES[item.area],
            audience=list(item.audience),
            open=item.open,
            operations=list(item.operations),
            login=item.login,
            steps=list(item.step_names),
            time_limit=f"{days}个工作日" if days else "即时办结",
            time_limit_working_days=days,
            materials=[m.name for m in item.materials if m.provided_by == "applicant" and m.when is None],
            legal_basis=[f"{basis.document} {basis.article}".strip() for basis in item.legal_basis],
            unverified=list(item.unverified),
        )
