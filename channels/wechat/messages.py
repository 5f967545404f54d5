"""Messages and events of an official account: XML of one level (`MsgType`, `Event`), read without entities or DTD.

What citizens say and do becomes `Said`; what we have no use for is kept by its name, because the platform adds kinds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.conversations import PERMITTED, REJECTED, Said
from channels.inbound import Unreadable

OPENID = re.compile(r"[A-Za-z0-9_\-]{6,64}")
TEXT_CHARS_MAX = 4_096
EVENTS = frozenset({"subscribe", "unsubscribe", "CLICK", "VIEW", "SCAN"})
"""What a person did; others are about our own sending or about things that we do not use."""
_MEDIA = {"image": "［图片］", "voice": "［语音］", "video": "［视频］", "shortvideo": "［小视频］", "link": "［链接］"}
_CHOICES = frozenset({"subscribe_msg_popup_event", "subscribe_msg_change_event"})


def fields_of(content: bytes) -> Element:
    """The root of a document of ours to read. Raises Unreadable."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("报文含有不允许的XML实体或DTD") from None
    except (ParseError, ValueError):
        raise Unreadable("报文不是XML") from None
    if root.tag != "xml":
        raise Unreadable("报文的根元素不是xml")
    return root


def said_in(content: bytes) -> Said:
    """Raises Unreadable, naming the field and not what stands in it."""
    root = fields_of(content)
    given = {child.tag: (child.text or "") for child in root}
    subject, kind, at = given.get("FromUserName", ""), given.get("MsgType", ""), given.get("CreateTime", "")
    if OPENID.fullmatch(subject) is None:
        raise Unreadable("字段FromUserName缺失或格式不符")
    if re.fullmatch(r"[0-9]{1,12}", at) is None:
        raise Unreadable("字段CreateTime缺失或格式不符")
    if kind == "event":
        return _event(root, given, subject=subject, at=at)
    if re.fullmatch(r"[0-9]{1,24}", given.get("MsgId", "")) is None:
        raise Unreadable("字段MsgId缺失或格式不符")
    key = given["MsgId"]
    if kind == "text":
        return Said(kind="text", subject=subject, key=key, text=_text(given.get("Content", "")))
    if kind == "location":
        return Said(kind="other", subject=subject, key=key, text=f"［位置］{given.get('Label', '')[:100]}")
    return Said(kind="other", subject=subject, key=key, text=_MEDIA.get(kind, "［暂不支持的消息］"))


def _event(root: Element, given: Mapping[str, str], *, subject: str, at: str) -> Said:
    event, event_key = given.get("Event", ""), given.get("EventKey", "")[:200]
    if re.fullmatch(r"[A-Za-z_]{1,60}", event) is None:
        raise Unreadable("字段Event缺失或格式不符")
    key = f"{subject}:{at}:{event}:{event_key}"
    if event in _CHOICES:
        return Said(kind="choice", subject=subject, key=key, event=event, choices=_choices(root))
    if event in EVENTS:
        # a scan by somebody new comes as a subscription whose key begins so
        scene = event_key.removeprefix("qrscene_") if event in ("subscribe", "SCAN") else event_key
        return Said(kind="event", subject=subject, key=key, event=event.lower(), text=scene)
    return Said(kind="unused", subject=subject, key=key, event=event)


def _choices(root: Element) -> dict[str, str]:
    """By template id: whether the person lets us send it once more."""
    found = {}
    for item in root.iter("List"):
        template, status = item.findtext("TemplateId", ""), item.findtext("SubscribeStatusString", "")
        if template and status in ("accept", "reject"):
            found[template[:64]] = PERMITTED if status == "accept" else REJECTED
    return found


def _text(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise Unreadable("字段Content过长")
    return text
