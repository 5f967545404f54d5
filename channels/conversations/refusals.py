"""Refusals about conversations with citizens on the platforms."""

from domain.kernel.refusal import refusal_kind

CONVERSATION_NOT_FOUND = refusal_kind("conversation.not_found", "没有找到该会话，请返回会话列表重新选择。")
CONVERSATION_TAKEN = refusal_kind("conversation.taken", "该会话已由{name}接待，请刷新列表；需要接手请由主管转交。")
CONVERSATION_CLOSED = refusal_kind("conversation.closed", "该会话已结束，不能再答复；来信人再次留言后会生成新的会话。")
CONVERSATION_NOT_YOURS = refusal_kind("conversation.not_yours", "该会话未由您接待，请先接入会话后再操作。")
ANSWER_LENGTH = refusal_kind("conversation.answer_length", "答复应为1至{most}个字，请调整后再发送。", field="text")
ANSWER_SENSITIVE = refusal_kind("conversation.sensitive", "答复中含有敏感词“{word}”，请修改后再发送。", field="text")
WINDOW_OVER = refusal_kind(
    "conversation.window_over", "来信人超过{hours}小时没有互动，平台不允许主动答复；请通过电话或短信联系。"
)
HAND_OVER_TO = refusal_kind(
    "conversation.hand_over_to", "没有可以接待的工作人员“{login}”，请核对工号后重新填写。", field="login"
)
NOTE_LENGTH = refusal_kind("conversation.note_length", "说明最多{most}个字，请精简后再提交。", field="note")
WORD_LENGTH = refusal_kind("conversation.word_length", "敏感词应为1至20个字，请重新填写。", field="word")
WORD_KNOWN = refusal_kind("conversation.word_known", "该敏感词已在名单中，无需重复添加。", field="word")
WORD_UNKNOWN = refusal_kind("conversation.word_unknown", "该敏感词已不在名单中，请刷新后查看。", field="word")
REPLY_LENGTH = refusal_kind(
    "conversation.reply_length", "快捷回复的标题应为1至20个字，内容应为1至{most}个字，请重新填写。", field="reply"
)
REPLY_UNKNOWN = refusal_kind("conversation.reply_unknown", "该快捷回复已删除，请刷新后查看。", field="reply")
MENU_REFUSED = refusal_kind("conversation.menu_refused", "平台没有接受菜单（代码{code}），请核对配置或稍后重试。")
TEXT_LENGTH = refusal_kind("conversation.text_length", "留言应为1至{most}个字，请调整后再发送。", field="text")
BINDING_OVER = refusal_kind(
    "conversation.binding_over", "关联链接已失效或已使用，请回到公众号再次回复“绑定”获取新的链接。"
)

NOTICE_UNKNOWN = refusal_kind("conversation.notice_unknown", "没有这种订阅通知，请更新小程序后重试。", field="choices")
NOTICES_ACCOUNT = refusal_kind(
    "conversation.notices_account", "当前登录没有关联本小程序的平台账号，请先在小程序中关联后再订阅通知。"
)
