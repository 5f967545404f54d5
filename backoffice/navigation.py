"""The sections of the staff pages and the right that opens each. A page without a right is not reachable."""

from __future__ import annotations

from dataclasses import dataclass

from auth import rights
from domain.kernel.actor import Actor

# Every signed-in member of staff; named so that no page is open by leaving something out.
SIGNED_IN = "desk.signed_in"
# The same, and open too while the password is due for change.
ALWAYS = "desk.always"

HOME = "/backoffice/"
LOGIN = "/backoffice/login"
PASSWORD = "/backoffice/password"


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    path: str
    right: str


SECTIONS = (
    Section("工作台", HOME, SIGNED_IN),
    Section("待办", "/backoffice/work", "case.claim"),
    Section("审核队列", "/backoffice/cases", "queue.read"),
    Section("自助打印", "/backoffice/kiosk-prints", "case.print"),
    Section("维修资金退款", "/backoffice/maintenance", "maintenance.read"),
    Section("风险名单", "/backoffice/risk", "risk.read"),
    Section("好差评", "/backoffice/reviews", "reviews.read"),
    Section("互动消息", "/backoffice/messages", "messages.read"),
    Section("服务事项", "/backoffice/catalogue", SIGNED_IN),
    Section("业务参数", "/backoffice/policy", SIGNED_IN),
    Section("归集业务", "/backoffice/collection", "collection.read"),
    Section("统一申办", "/backoffice/city-applications", "city.read"),
    Section("转移接续", "/backoffice/transfers", "transfers.read"),
    Section("数据交换", "/backoffice/exchange", "exchange.read"),
    Section("资金结算", "/backoffice/funds", "funds.read"),
    Section("账务核对", "/backoffice/books", "books.read"),
    Section("财务档案", "/backoffice/archives", "archives.read"),
    Section("短信", "/backoffice/sms", "sms.read"),
    Section("日终", "/backoffice/dayend", "dayend.read"),
    Section("渠道运行", "/backoffice/channels", "channels.read"),
    Section("失败任务", "/backoffice/jobs", "jobs.manage"),
    Section("人脸核验", "/backoffice/face", "face.counter"),
    Section("身份管理", "/backoffice/persons", "person.intervene"),
    Section("委托受理", "/backoffice/delegations", "delegations.take"),
    Section("人员管理", "/backoffice/staff", "staff.manage"),
    Section("人员权限", "/backoffice/staff-rights", "staff.assign_roles"),
    Section("网点资料", "/backoffice/outlets", "outlets.propose"),
    Section("复核", "/backoffice/approvals", SIGNED_IN),
    Section("自助终端", "/backoffice/kiosks", "kiosks.register"),
    Section("服务授权", "/backoffice/grants", "grants.register"),
    Section("授权审批", "/backoffice/grants-review", "grants.approve"),
    Section("完整信息规则", "/backoffice/reveal-rules", "reveal.rules"),
    Section("调查不展示", "/backoffice/access-exclusions", "access.exclude"),
    Section("审计日志", "/backoffice/audit", "audit.read"),
)


def permitted(actor: Actor, right: str) -> bool:
    return actor.is_staff and (right in (SIGNED_IN, ALWAYS) or rights.may(actor, right))


def sections_for(actor: Actor) -> tuple[Section, ...]:
    return tuple(section for section in SECTIONS if permitted(actor, section.right))


def local_path(wanted: str | None) -> str:
    """Where to go after login: a page of ours, or the front page for anything that could lead elsewhere."""
    if wanted is None or not wanted.startswith(HOME) or wanted.startswith((LOGIN, "/backoffice/logout")):
        return HOME
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and "//" not in wanted
    return wanted if plain else HOME
