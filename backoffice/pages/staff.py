"""人员管理 and 人员权限: accounts for the system administrator, roles and departments for the security administrator.

The same list and pages; each sees the forms that are theirs."""

from __future__ import annotations

from starlette.responses import Response

from auth import rights, staff, staff_upkeep
from auth.staff_upkeep import StaffView
from backoffice.components import ROLE_NAMES, Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import branch_names, office_names
from backoffice.refusals import PAGE_NOT_FOUND
from domain.kernel.refusal import Refusal, Refused

MANAGE, ASSIGN = "/backoffice/staff", "/backoffice/staff-rights"
NEW = f"{MANAGE}/new"
_NOTICES = {
    "deactivated": "账户已停用，角色已全部收回，其会话已结束。",
    "assigned": "角色已调整，立即生效。",
    "offices": "部门范围已调整，立即生效。",
    "asked": "已提交，等待安全管理员复核。",
}


async def listed(desk: Desk) -> Response:
    members = await staff_upkeep.staff_list(actor=desk.actor, now=desk.now)
    wanted = desk.query.get("name", "").strip()[:30]
    shown = [one for one in members if wanted in one.name or wanted in one.login]
    return desk.page(
        "staff.html",
        base=_base(desk),
        members=shown,
        total=len(members),
        active=sum(one.active for one in members),
        wanted=wanted,
        roles=ROLE_NAMES,
        offices=await office_names(),
        branches=await branch_names(),
        may_manage=desk.may("staff.manage"),
    )


async def one(desk: Desk) -> Response:
    return await _one(desk, desk.request.path_params["login"])


async def _one(desk: Desk, login: str, *problems: Refusal, code: str | None = None) -> Response:
    try:
        found: StaffView = await staff_upkeep.staff_of(actor=desk.actor, login=login, now=desk.now)
    except Refused as refused:
        if any(refusal.code == "staff.unknown" for refusal in refused.refusals):
            raise Refused(PAGE_NOT_FOUND) from None
        raise
    return desk.page(
        "staff_member.html",
        status=422 if problems else 200,
        base=_base(desk),
        found=found,
        roles=ROLE_NAMES,
        administrators={role.value for role in rights.ADMINISTRATORS},
        offices=await office_names(),
        branches=await branch_names(),
        may_manage=desk.may("staff.manage"),
        may_assign=desk.may("staff.assign_roles"),
        mine=found.staff_id == desk.actor.staff_id,
        problems=Problems.of(problems),
        typed=desk.form,
        code=code,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def ask_new(desk: Desk) -> Response:
    return desk.page("staff_new.html", problems=Problems(), typed={})


async def create(desk: Desk) -> Response:
    try:
        made = await staff_upkeep.open_account(
            actor=desk.actor,
            login=desk.form.get("login", ""),
            name=desk.form.get("name", ""),
            document_no=desk.form.get("document_no", ""),
            now=desk.now,
        )
    except Refused as refused:
        return desk.page("staff_new.html", status=422, problems=Problems.of(refused.refusals), typed=desk.form)
    return await _one(desk, desk.form.get("login", "").strip(), code=made.enrolment_code)


async def deactivate(desk: Desk) -> Response:
    login = desk.form.get("login", "")
    await staff_upkeep.deactivate(actor=desk.actor, login=login, now=desk.now)
    return redirect(f"{MANAGE}/of/{login}?done=deactivated")


async def ask_renewal(desk: Desk) -> Response:
    return await _ask(desk, restoring=False)


async def ask_restoration(desk: Desk) -> Response:
    return await _ask(desk, restoring=True)


async def _ask(desk: Desk, *, restoring: bool) -> Response:
    login, reason = desk.form.get("login", ""), desk.form.get("reason", "")
    ask = staff_upkeep.ask_restoration if restoring else staff_upkeep.ask_renewal
    try:
        await ask(actor=desk.actor, login=login, reason=reason, now=desk.now)
    except Refused as refused:
        if any(refusal.field != "reason" for refusal in refused.refusals):
            raise
        return await _one(desk, login, *refused.refusals)
    return redirect(f"{MANAGE}/of/{login}?done=asked")


async def give_code(desk: Desk) -> Response:
    """The page that answers has the code; it is nowhere else, and loading the page again is another POST."""
    login = desk.form.get("login", "")
    code = await staff_upkeep.give_enrolment_code(actor=desk.actor, login=login, now=desk.now)
    return await _one(desk, login, code=code)


async def assign(desk: Desk) -> Response:
    login = desk.form.get("login", "")
    wanted = [role for role in ROLE_NAMES if desk.form.get(f"role_{role}") == "yes"]
    try:
        await staff.assign_roles(actor=desk.actor, login=login, roles=wanted, now=desk.now)
    except Refused as refused:
        if any(refusal.field != "roles" for refusal in refused.refusals):
            raise
        return await _one(desk, login, *refused.refusals)
    return redirect(f"{ASSIGN}/of/{login}?done=assigned")


async def set_offices(desk: Desk) -> Response:
    login = desk.form.get("login", "")
    await staff_upkeep.set_offices(
        actor=desk.actor,
        login=login,
        office_codes=_chosen(desk, "office_"),
        branch_codes=_chosen(desk, "branch_"),
        now=desk.now,
    )
    return redirect(f"{ASSIGN}/of/{login}?done=offices")


def _chosen(desk: Desk, prefix: str) -> list[str]:
    return [
        name.removeprefix(prefix) for name, value in desk.form.items() if name.startswith(prefix) and value == "yes"
    ]


def _base(desk: Desk) -> str:
    return MANAGE if desk.may("staff.manage") else ASSIGN


PAGES = (
    DeskPage(MANAGE, "staff.manage", listed),
    DeskPage(NEW, "staff.manage", ask_new),
    DeskPage(NEW, "staff.manage", create, "POST"),
    DeskPage(f"{MANAGE}/of/{{login}}", "staff.manage", one),
    DeskPage(f"{MANAGE}/deactivate", "staff.manage", deactivate, "POST"),
    DeskPage(f"{MANAGE}/renewal", "staff.manage", ask_renewal, "POST"),
    DeskPage(f"{MANAGE}/restoration", "staff.manage", ask_restoration, "POST"),
    DeskPage(f"{MANAGE}/code", "staff.manage", give_code, "POST"),
    DeskPage(ASSIGN, "staff.assign_roles", listed),
    DeskPage(f"{ASSIGN}/of/{{login}}", "staff.assign_roles", one),
    DeskPage(f"{ASSIGN}/roles", "staff.assign_roles", assign, "POST"),
    DeskPage(f"{ASSIGN}/offices", "staff.assign_roles", set_offices, "POST"),
)
