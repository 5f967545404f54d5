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
PASSWORD_RECENT = refusal_kind("password.recent", "新密码不能与最近{count}次用过的密码相同，请重新设置。", field="new")
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

RENEWAL_OF_LOGIN = refusal_kind(
    "login.renew_required",
    "您登录已超过{hours}小时，为保护账户安全，请重新登录后再提交。",
    retryable=True,
)
HANDOVER_MALFORMED = refusal_kind("login.handover_malformed", "客户端登录请求无法识别，请更新手机客户端后重试。")
HANDOVER_WAY_UNKNOWN = refusal_kind("login.handover_way", "客户端登录返回方式未开通，请更新手机客户端后重试。")
HANDOVER_TICKET = refusal_kind("login.handover_ticket", "登录凭据已失效或不属于本设备，请在手机客户端重新登录。")

PERSON_SUSPENDED = refusal_kind(
    "login.suspended", "该账户已暂停登录，请携带身份证件到就近管理部核实，或拨打12329咨询。"
)
PROVE_AGAIN = refusal_kind(
    "login.prove_again", "为保护账户安全，请通过北京市统一身份认证重新实名登录，之后可恢复使用其他登录方式。"
)
INTERVENTION_REASON = refusal_kind("person.intervention_reason", "请填写{least}至{most}个字的原因。", field="reason")
INTERVENTION_NONE = refusal_kind("person.not_suspended", "该人员的登录没有被暂停，无需恢复。")
IDENTITY_UNLINKED = refusal_kind(
    "login.identity_unlinked", "该小程序账号尚未关联，请先通过北京市统一身份认证登录，登录后将自动关联。"
)
IDENTITY_OTHERS = refusal_kind(
    "login.identity_others", "该小程序账号已关联其他人员，请由原关联人解除后再关联，或更换账号。"
)
IDENTITY_UNEXPECTED = refusal_kind(
    "login.identity_unexpected", "关联链接不是由当前的平台账号申请的，请用申请链接的账号打开，或重新获取链接。"
)
IDENTITY_UNKNOWN = refusal_kind("identity.unknown", "没有找到该登录账号，请刷新后重新选择。", field="id")
IDENTITY_LAST = refusal_kind("identity.last", "这是您的实名认证账号，不能解除关联。", field="id")
DEVICE_UNKNOWN = refusal_kind("device.unknown", "该设备已退出登录，请刷新后查看。", field="id")
PHONE_NOT_FROM_PLATFORM = refusal_kind(
    "person.phone_not_from_platform",
    "平台没有确认您的手机号码，请在小程序中重新点击授权按钮；仍不成功的，请改用短信验证码。",
    field="mobile",
)
PHONE_CODE_WRONG = refusal_kind(
    "person.phone_code_wrong", "验证码不正确或已失效，请核对短信后重新输入；仍不成功请重新获取验证码。", field="code"
)
TOO_OFTEN = refusal_kind("request.too_often", "操作过于频繁，请{minutes}分钟后再试。", retryable=True)
REGISTRATION_TICKET = refusal_kind(
    "agent.registration_expired", "单位登记页面已过期，请由法定代表人重新登录后再办理。", retryable=True
)
EMPLOYER_UNREGISTERED = refusal_kind(
    "agent.employer_unregistered",
    "该单位尚未办理住房公积金单位登记，请先通过“e窗通”或到管理部柜台办理登记开户。",
)

STEP_UP_REQUIRED = refusal_kind(
    "access.step_up_required",
    "办理“{name}”须先完成人脸核验；不便使用人脸的，可携带身份证件到就近管理部核对后办理。",
    retryable=True,
)
FACE_CHALLENGE_UNKNOWN = refusal_kind(
    "face.challenge_unknown", "核验凭据无效，请返回重新提交办理申请后再进行人脸核验。", field="challenge"
)
FACE_CHECK_UNKNOWN = refusal_kind("face.check_unknown", "没有找到该次人脸核验，请重新发起。", field="id")
FACE_DOCUMENT_KIND = refusal_kind(
    "face.document_kind", "您登记的证件不支持人脸核验，请携带证件到就近管理部核对后办理。"
)
FACE_ALTERNATIVE_UNKNOWN = refusal_kind("face.alternative_unknown", "该事项不能以证件核对代替，请使用人脸核验。")
FACE_STARTS = refusal_kind(
    "face.starts",
    "24小时内最多可发起{most}次人脸核验，次数已用完。请稍后再试，或携带身份证件到就近管理部办理。",
    retryable=True,
)
FACE_REASON = refusal_kind("face.reason", "请填写{least}至{most}个字的原因。", field="reason")

AGENT_NOT_APPOINTED = refusal_kind(
    "agent.not_appointed",
    "您尚未被登记为该单位的经办人，请由单位法定代表人或单位管理员在单位网上业务平台授权，或到管理部柜台办理。",
    field="employer_no",
)

AGENT_PERSON = refusal_kind(
    "agent.person_unknown",
    "没有找到姓名与身份证号码一致的已实名人员，请核对后重试；本人尚未登录过的，请先以个人身份登录一次。",
    field="documentNo",
)
AGENT_STANDS = refusal_kind(
    "agent.stands", "该人员已是本单位的经办人，如需调整请在列表中修改办理权限。", field="documentNo"
)
AGENT_NOT_FOUND = refusal_kind("agent.not_found", "没有找到该经办人，可能已被移除，请刷新后查看。", field="reference")
AGENT_LEGAL = refusal_kind(
    "agent.legal_representative",
    "法定代表人的权限随单位登记信息，变更请到管理部柜台办理单位开户变更。",
    field="reference",
)
AGENT_LAST = refusal_kind(
    "agent.last_administrator", "单位至少须保留一名长期有效的管理员，请先增加另一名管理员再操作。", field="reference"
)
AGENT_SCOPES_SAME = refusal_kind("agent.scopes_same", "办理权限没有变化，请修改后再提交。", field="scopes")
AGENT_UNTIL = refusal_kind("agent.until_past", "有效期截止日不能早于今天，请修改。", field="validTo")

ENTRY_INVALID = refusal_kind(
    "entry.invalid", "入口凭证无效、已使用或已过期，请关闭本页，在e窗通中重新进入。", field="ticket"
)
ENTRY_COOKIE = refusal_kind(
    "entry.cookie",
    "浏览器没有保留本页的登录信息，请在浏览器设置中允许本站的Cookie，或更换浏览器后在e窗通中重新进入。",
)
ENTRY_EMPLOYER = refusal_kind(
    "entry.employer",
    "该单位未登记住房公积金账户，或不是企业。企业请先在e窗通办理单位登记；其他单位请使用单位网上业务平台。",
    field="uscc",
)

APPROVAL_REASON = refusal_kind("approval.reason", "请填写{least}至{most}个字的理由后再提交。", field="reason")
APPROVAL_WAITING = refusal_kind("approval.waiting", "同一对象已有待复核的申请，请等待复核结果或先撤回原申请。")
APPROVAL_OWN = refusal_kind("approval.own", "不能复核本人提出的申请，请由另一位有权限的人员复核。")
APPROVAL_OVER = refusal_kind("approval.over", "该申请已复核、撤回或过期，请刷新后查看结果。")
APPROVAL_UNKNOWN = refusal_kind("approval.unknown", "没有找到该申请，请返回复核列表重新选择。")

ENROLMENT_FAILED = refusal_kind(
    "enrolment.failed", "用户名或登记码不正确，或登记码已使用、已过期。请核对；仍不成功请联系系统管理员重新发放。"
)
ENROLMENT_CODE_WRONG = refusal_kind(
    "enrolment.code_wrong", "动态口令不正确，请确认验证器已录入上面的密钥后重新输入。", field="code"
)
RENEWAL_NEEDED = refusal_kind(
    "staff.renewal_needed", "发放登记码前须先申请重置登录要素，并由安全管理员复核同意。", field="login"
)
STAFF_INACTIVE = refusal_kind("staff.inactive", "该工作人员已停用，请先申请恢复。", field="login")
STAFF_ACTIVE = refusal_kind("staff.active", "该工作人员处于在用状态，无需恢复。", field="login")
OFFICE_UNKNOWN = refusal_kind("staff.office_unknown", "所选管理部或分中心不存在，请重新选择。", field="offices")
STAFF_NAME = refusal_kind("staff.name", "请填写1至30个字的姓名。", field="name")

OUTLET_KIND = refusal_kind("outlet.kind", "没有该类网点，请重新选择。", field="kind")
OUTLET_FIELD = refusal_kind("outlet.field", "{name}填写有误：{problem}，请更正后重新提交。")
OUTLET_DATE = refusal_kind("outlet.date", "生效日期应在今天或以后一年之内，请重新选择。", field="effective_on")
OUTLET_UNCHANGED = refusal_kind("outlet.unchanged", "提交的内容与现有资料一致，无需变更。")
OUTLET_STALE = refusal_kind("outlet.stale", "该网点资料在提交后已有变动，请退回本次申请并重新提交。")
OUTLET_IN_USE = refusal_kind("outlet.in_use", "该网点还有{what}，请先移交完毕再停用。", field="open")
