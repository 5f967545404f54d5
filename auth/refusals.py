"""Refusals of login: neutral where the reason would help somebody who guesses."""

from domain.kernel.refusal import refusal_kind

LOGIN_STATE_UNKNOWN = refusal_kind("login.state_unknown", "本次登录已超时或已使用，请重新登录。")
LOGIN_FOREIGN_BROWSER = refusal_kind("login.foreign_browser", "请在开始登录的浏览器内完成登录，或重新登录。")
LOGIN_REJECTED = refusal_kind("login.rejected", "统一身份认证平台未确认您的身份，请重新登录。")
LOGIN_CANCELLED = refusal_kind("login.cancelled", "您已取消登录，如需办理业务请重新登录。")
LOGIN_CHANNEL_UNKNOWN = refusal_kind("login.channel_unknown", "该渠道尚未开通登录，请从已开通的渠道进入。")
LOGIN_RETURN_UNKNOWN = refusal_kind(
    "login.return_to_unknown", "登录后的返回地址不在本系统内，请从服务首页重新登录。", field="return_to"
)
IDENTITY_CONFLICT = refusal_kind(
    "login.identity_conflict", "统一身份认证账号与原登记证件不一致，暂不能登录，请携带证件到就近管理部核实。"
)
IDENTITY_UNVERIFIED = refusal_kind(
    "login.identity_unverified", "您的统一身份认证账号尚未实名，请先在统一身份认证平台完成实名认证后再登录。"
)

# One text for a wrong name, a wrong password, a wrong or used code and a locked account.
STAFF_LOGIN_FAILED = refusal_kind("login.failed", "用户名、密码或动态口令不正确，或账户已暂时锁定。请核对后稍候重试。")
SIGN_IN_AGAIN = refusal_kind("login.sign_in_again", "登录已失效，请重新登录后再操作。")

PASSWORD_WRONG = refusal_kind("password.wrong", "原密码不正确，请核对后重新输入。", field="old")
PASSWORD_LENGTH = refusal_kind("password.length", "密码应为{least}至{most}个字符，请重新设置。", field="new")
PASSWORD_CLASSES = refusal_kind(
    "password.classes", "密码应至少包含大写字母、小写字母、数字、符号中的三类，请重新设置。", field="new"
)
PASSWORD_NAMED = refusal_kind("password.named", "密码不能包含用户名或姓名，请重新设置。", field="new")
PASSWORD_SAME = refusal_kind("password.same", "新密码不能与原密码相同，请重新设置。", field="new")

LOGIN_TAKEN = refusal_kind("staff.login_taken", "该用户名已被使用，请换一个用户名。", field="login")
LOGIN_MALFORMED = refusal_kind(
    "staff.login_malformed",
    "用户名应为3至32位小写字母、数字、点、下划线或连字符，请重新填写。",
    field="login",
)
ROLE_UNKNOWN = refusal_kind("staff.role_unknown", "角色“{role}”不存在，请重新选择。", field="roles")
ROLES_CONFLICT = refusal_kind(
    "staff.roles_conflict",
    "系统、安全、审计管理员必须由不同人员担任，且不得兼任业务角色，请重新分配。",
    field="roles",
)
STAFF_UNKNOWN = refusal_kind("staff.unknown", "没有找到该工作人员，请核对后重新查询。", field="login")
OWN_RIGHTS = refusal_kind("staff.own_rights", "不能变更本人的权限，请由其他安全管理员办理。", field="roles")
