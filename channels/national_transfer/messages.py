"""What is said to and heard from the national transfer platform.

Known of it (project facts, 3.3): 901 单笔转入申请, 902 批量, 903 撤销 (only in state 01), 904 进度查询, 905
单笔转出信息 with TxFunc 0/1/2, 906 批量, 909 中心代码查询, the nine states, the letter's number and the fields named
there. 907 and 908 are not known and not spoken. Our own assumptions: JSON over signed HTTP instead of the settlement
system's transport, the head's names (those of the settlement system), `MsgNo` as the number that makes a message take
effect once, a 904 that the platform sends as a notice of another centre's state, a 901 without number as what the
national mini-program took for us, and the return codes of `codes.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from channels.inbound import Parsed, Unreadable
from domain.kernel.digest import canonical_json
from domain.transfers import is_letter_no
from domain.transfers.ports import MessageKind, TellingStatus

MESSAGE_PATH = "/transfer/message"
PROGRESS_PATH = "/transfer/progress"
CENTRES_PATH = "/transfer/centres"

TX_LETTER, TX_LETTERS, TX_CANCEL, TX_PROGRESS = "BDC901", "BDC902", "BDC903", "BDC904"
TX_OUT_INFO, TX_OUT_INFOS, TX_CENTRES = "BDC905", "BDC906", "BDC909"
TX_OF_KIND: Mapping[MessageKind, str] = {
    "letter": TX_LETTER,
    "cancel": TX_CANCEL,
    "progress": TX_PROGRESS,
    "out_info": TX_OUT_INFO,
}
BATCH_MAX = 500
STATES = frozenset({"00", "01", "02", "05", "06", "08", "13", "20", "40"})

_AMOUNT = r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"
_HEAD = {"TxCode": r"BDC90[1-6]", "MsgNo": r"[A-Za-z0-9-]{1,40}", "SendNode": r"[0-9A-Z]{4,15}",
         "ReceiveNode": r"[0-9A-Z]{4,15}", "SendTime": r"[0-9]{14}"}  # fmt: skip
_LETTER = {
    "ConNum": r"[0-9]{16}",
    "ApplyDate": r"[0-9]{8}",
    "InCenterName": r".{2,60}",
    "OutCenterCode": r"[0-9A-Z]{4,15}",
    "FullName": r".{1,60}",
    "CertType": r"0[1-4]|99",
    "CertNo": r"[0-9A-Za-z]{5,20}",
    "OutAccount": r"[0-9A-Za-z]{6,30}",
    "InAccount": r"[0-9A-Za-z]{6,30}",
    "FundAccount": r"[0-9-]{8,32}",
    "FundAccountName": r".{2,60}",
    "FundBankCode": r"[0-9]{3}",
    "FundBankName": r".{2,60}",
}
# 901 without a letter's number: what the national mini-program took for the receiving centre
_APPLICATION = {name: _LETTER[name] for name in ("OutCenterCode", "FullName", "CertType", "CertNo", "OutAccount")}
_CANCEL = {"ConNum": _LETTER["ConNum"], "Reason": r".{0,200}"}
_PROGRESS = {"ConNum": _LETTER["ConNum"], "TranStatus": r"[0-9]{2}", "Reason": r".{0,200}"}
_OUT_INFO = {
    "ConNum": _LETTER["ConNum"],
    "TxFunc": r"[01]",
    "TransAmount": _AMOUNT,
    "Principal": _AMOUNT,
    "Interest": _AMOUNT,
    "OpenMonth": r"[12][0-9]{3}(?:0[1-9]|1[0-2])",
    "PaidThrough": r"(?:[12][0-9]{3}(?:0[1-9]|1[0-2]))?",
    "SixMonths": r"[01]",
    "LoanTimes": r"[0-9]{1,2}",
    "LoanOpen": r"[01]",
    "Fraud": r"[01]",
    "Reason": r".{0,200}",
}
_CONFIRMED = {"ConNum": _LETTER["ConNum"], "TxFunc": r"2"}
INFO_FIELDS = tuple(name for name in _OUT_INFO if name not in ("ConNum", "TxFunc", "Reason"))


@cache
def return_codes() -> dict[str, tuple[str, TellingStatus]]:
    """Meaning and outcome by return code. A malformed table is a bug."""
    listed = yaml.safe_load(Path(__file__).with_name("codes.yaml").read_text(encoding="utf-8"))["codes"]
    assert all(entry["outcome"] in get_args(TellingStatus) for entry in listed.values()), "an outcome is unheard of"
    return {str(code): (entry["meaning"], cast(TellingStatus, entry["outcome"])) for code, entry in listed.items()}


def meaning_of(code: str) -> tuple[str, TellingStatus]:
    return return_codes().get(code, ("平台返回未知代码", "unknown"))


def envelope(
    *, tx_code: str, number: str, sender: str, receiver: str, sent_at: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "TxCode": tx_code,
        "MsgNo": number,
        "SendNode": sender,
        "ReceiveNode": receiver,
        "SendTime": sent_at,
        "Body": dict(body),
    }


def read_envelope(content: bytes) -> dict[str, Any]:
    """A message whose every field is as agreed. Raises Unreadable, naming the field and not what stands in it."""
    try:
        message = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("报文不是JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("Body"), dict):
        raise Unreadable("报文不是约定的结构")
    head = {name: value for name, value in message.items() if name != "Body"}
    _require(head, _HEAD, kind="unknown")
    kind = message["TxCode"]
    body: dict[str, Any] = message["Body"]
    if kind in (TX_LETTERS, TX_OUT_INFOS):
        items = body.get("Items")
        if not isinstance(items, list) or not 1 <= len(items) <= BATCH_MAX or set(body) != {"Items"}:
            raise Unreadable(f"批量报文应有1至{BATCH_MAX}笔", kind=kind)
        single = TX_LETTER if kind == TX_LETTERS else TX_OUT_INFO
        for item in items:
            _require_item(item, single)
        numbers = [item["ConNum"] for item in items]
        if len(set(numbers)) != len(numbers):
            raise Unreadable("批量报文中联系函编号重复", kind=kind)
    else:
        _require_item(body, kind)
    return message


def parse(content: bytes) -> Parsed:
    """What the journal needs to know: told again, everything but the time of sending must be equal. Messages of one
    letter are worked on in the order they came."""
    message = read_envelope(content)
    body = message["Body"]
    lane = str(body.get("ConNum") or message["MsgNo"])
    essence = {name: value for name, value in message.items() if name != "SendTime"}
    return Parsed(
        kind=message["TxCode"],
        key=f"{message['SendNode']}:{message['MsgNo']}",
        lane=lane,
        essence=canonical_json(essence),
        version="1",
    )


def _require_item(body: Any, kind: str) -> None:
    if not isinstance(body, dict):
        raise Unreadable("报文不是约定的结构", kind=kind)
    shapes = {
        TX_LETTER: _LETTER if "ConNum" in body else _APPLICATION,
        TX_CANCEL: _CANCEL,
        TX_PROGRESS: _PROGRESS,
        TX_OUT_INFO: _CONFIRMED if body.get("TxFunc") == "2" else _OUT_INFO,
    }[kind]
    _require(body, shapes, kind=kind)
    if "ConNum" in body and not is_letter_no(body["ConNum"]):
        raise Unreadable("联系函编号不是16位的有效编号", kind=kind)
    if kind == TX_PROGRESS and body["TranStatus"] not in STATES:
        raise Unreadable("状态码不在平台的九种状态之内", kind=kind)


def _require(given: Mapping[str, Any], shapes: Mapping[str, str], *, kind: str) -> None:
    unknown: Sequence[str] = sorted(set(given) - set(shapes))
    if unknown:
        raise Unreadable(f"字段{unknown[0][:30]}不在约定之内", kind=kind)
    for name, shape in shapes.items():
        value = given.get(name)
        if not isinstance(value, str) or re.fullmatch(shape, value) is None or not value.isprintable():
            raise Unreadable(f"字段{name}缺失或格式不符", kind=kind)
