"""互动消息: conversations with citizens on the platforms and in the app, answers of the house, notices they allowed."""

from channels.conversations.answers import ANSWERS, Answers, Entry, read_answers, staffed_at
from channels.conversations.app import OwnConversation, own_conversation, say
from channels.conversations.desk import (
    STATE_NAMES,
    ConversationView,
    answer,
    close,
    conversation_of,
    conversations,
    hand_over,
    take,
    waiting_count,
)
from channels.conversations.lines import Line
from channels.conversations.menus import publish_menu
from channels.conversations.notices import NOTICES, TemplateIds, notify
from channels.conversations.outgoing import enqueue_notice, enqueue_text, send_due
from channels.conversations.ports import (
    PERMITTED,
    REJECTED,
    Messenger,
    Messengers,
    Notice,
    Notifier,
    Notifiers,
    Said,
    Sent,
)
from channels.conversations.receiving import take as take_message
from channels.conversations.words import (
    QuickReply,
    add_reply,
    add_word,
    quick_replies,
    remove_reply,
    remove_word,
    sensitive_words,
)

__all__ = [
    "ANSWERS",
    "NOTICES",
    "PERMITTED",
    "REJECTED",
    "STATE_NAMES",
    "Answers",
    "ConversationView",
    "Entry",
    "Line",
    "Messenger",
    "Messengers",
    "Notice",
    "Notifier",
    "Notifiers",
    "OwnConversation",
    "QuickReply",
    "Said",
    "Sent",
    "TemplateIds",
    "add_reply",
    "add_word",
    "answer",
    "close",
    "conversation_of",
    "conversations",
    "enqueue_notice",
    "enqueue_text",
    "hand_over",
    "notify",
    "own_conversation",
    "publish_menu",
    "quick_replies",
    "read_answers",
    "remove_reply",
    "remove_word",
    "say",
    "send_due",
    "sensitive_words",
    "staffed_at",
    "take",
    "take_message",
    "waiting_count",
]
