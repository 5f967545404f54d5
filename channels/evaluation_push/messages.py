"""What is told to the 好差评 platform.

The field names are the national ones as provincial integrations use them (projectNo, taskCode, satisfaction,
pf …). Our own assumptions: JSON over signed HTTP, `evaluationNo` as the number that makes a push take effect
once, `evaluateTimes` 2 for the evaluation after a rectification, `receiptNo` in the answer as the platform's proof,
the return codes of `codes.yaml`, and `certKey` as the SM3 digest of the document number, so that the
number itself stays here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast, get_args

import yaml

from domain.cases.evaluation_port import EvaluationReport, PushStatus, RectificationReport, Terminal
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3_hex

PUSH_PATH = "/evaluation/push"
QUERY_PATH = "/evaluation/query"
RECTIFICATION_PATH = "/evaluation/rectification"

# 评价渠道 pf: 1 PC 2 mobile 3 QR code 4 tablet in the hall 5 other terminal 6 telephone 7 SMS.
TERMINAL_CODES: Mapping[Terminal, str] = {
    "pc": "1",
    "mobile": "2",
    "qr_code": "3",
    "hall_tablet": "4",
    "other_terminal": "5",
    "telephone": "6",
    "sms": "7",
}

# 证件类型 userPageType: 111 resident identity card; other documents are passed as 999. JGJ/T 320 A.1: 01 =
# identity card.
_DOCUMENT_CODES = {"01": "111"}
_OTHER_DOCUMENT = "999"
_NATURAL_PERSON = "1"
_CASE_FINISHED = "3"


@cache
def push_codes() -> dict[str, tuple[str, PushStatus]]:
    """Meaning and outcome by return code. A malformed table is a bug."""
    listed = yaml.safe_load(Path(__file__).with_name("codes.yaml").read_text(encoding="utf-8"))["codes"]
    assert all(isinstance(code, str) for code in listed), "return codes are text"
    assert all(entry["outcome"] in get_args(PushStatus) for entry in listed.values()), "an outcome is unheard of"
    return {code: (entry["meaning"], cast(PushStatus, entry["outcome"])) for code, entry in listed.items()}


def meaning_of(code: str) -> tuple[str, PushStatus]:
    return push_codes().get(code, ("平台返回未知代码", "unknown"))


def report_body(*, evaluation: EvaluationReport) -> dict[str, str]:
    """The JSON object; times are of Beijing, `YYYY-MM-DD HH:MM:SS`."""
    return {
        "evaluationNo": evaluation.evaluation_no,
        "projectNo": evaluation.case_no,
        "taskCode": evaluation.item_code,
        "taskName": evaluation.item_name,
        "serviceName": evaluation.service_name,
        "acceptDate": f"{evaluation.accepted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "proStatus": _CASE_FINISHED,
        "userProp": _NATURAL_PERSON,
        "userName": evaluation.applicant_name,
        "userPageType": _DOCUMENT_CODES.get(evaluation.document_type, _OTHER_DOCUMENT),
        "certKey": sm3_hex(evaluation.document_no.encode()),
        "pf": TERMINAL_CODES[evaluation.terminal],
        "satisfaction": str(evaluation.grade),
        "evaluateDetail": ",".join(evaluation.tags),
        "writingEvaluation": evaluation.comment,
        "evaluateTimes": str(evaluation.round),
        "assessTime": f"{evaluation.evaluated_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }


_VERDICT_CODES = {"true": "1", "untrue": "2", "malicious": "3"}


def rectification_body(*, report: RectificationReport) -> dict[str, str]:
    """整改结果 zgjg, 回访结果 hfjg, as a deployed product names them; no second evaluation is told as empty."""
    return {
        "evaluationNo": report.evaluation_no,
        "projectNo": report.case_no,
        "verdict": _VERDICT_CODES[report.verdict],
        "zgjg": report.answer,
        "hfjg": report.call_back,
        "secondSatisfaction": "" if report.second_grade is None else str(report.second_grade),
        "startDate": f"{report.opened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "endDate": f"{report.closed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }
