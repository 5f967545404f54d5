"""Messages and events of a life account (生活号): the XML in `biz_content`, read without entities or DTD."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.conversations import Said
from channels.inbound import Unreadable

SUBJECT = re.compile(r"[A-Za-z0-9_\-]{8,128}")
TEXT_CHARS_MAX = 4_096
EVENTS = {"follow": "subscribe", "unfollow": "unsubscribe", "click": "click", "enter": "view"}
VERIFY = "verifygw"


def fields_of(content: str) -> Element:
    """Raises Unreadable."""
    try:
        # what declares its encoding is read as the text that it is by now
        root: Element = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", content), forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("报文含有不允许的XML实体或DTD") from None
    except (ParseError, ValueError):
        raise Unreadable("报文不是XML") from None
    if root.tag != "XML":
        raise Unreadable("报文的根元素不是XML")
    return root


def said_in(content: str) -> Said:
    """Raises Unreadable, naming the field and not what stands in it."""
    return said_of(fields_of(content))


def said_of(root: Element) -> Said:
    """As `said_in`, of what `fields_of` gave."""
    subject, kind = root.findtext("FromUserId") or "", root.findtext("MsgType") or ""
    at = root.findtext("CreateTime") or ""
    if SUBJECT.fullmatch(subject) is None:
        raise Unreadable("字段FromUserId缺失或格式不符")
    if re.fullmatch(r"[0-9]{1,16}", at) is None:
        raise Unreadable("字段CreateTime缺失或格式不符")
    if kind == "event":
        event, parameter = root.findtext("EventType") or "", (root.findtext("ActionParam") or "")[:200]
        if re.fullmatch(r"[A-Za-z_]{1,60}", event) is None:
            raise Unreadable("字段EventType缺失或格式不符")
        key = f"{subject}:{at}:{event}:{parameter}"
        if event not in EVENTS:
            return Said(kind="unused", subject=subject, key=key, event=event)
        return Said(kind="event", subject=subject, key=key, event=EVENTS[event], text=parameter)
    number = root.findtext("MsgId") or ""
    if re.fullmatch(r"[A-Za-z0-9_\-]{1,64}", number) is None:
        raise Unreadable("字段MsgId缺失或格式不符")
    if kind == "text":
        text = root.findtext("Text/Content") or ""
        if len(text) > TEXT_CHARS_MAX:
            raise Unreadable("字段Content过长")
        return Said(kind="text", subject=subject, key=number, text=text)
    return Said(kind="other", subject=subject, key=number, text="［图片］" if kind == "image" else "［暂不支持的消息］")
