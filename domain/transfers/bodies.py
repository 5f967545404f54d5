"""What our messages to the platform say, by the platform's names. Amounts in yuan, months `YYYYMM`."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.kernel import vault
from domain.kernel.database import Record
from domain.settlement import BankAccount


def letter_body(*, row: Record, letter_no: str, account: BankAccount, our_name: str, day: date) -> dict[str, Any]:
    """901 单笔转入申请: the contact letter."""
    key = vault.current()
    return {
        "ConNum": letter_no,
        "ApplyDate": f"{day:%Y%m%d}",
        "InCenterName": our_name,
        "OutCenterCode": row["other_centre"],
        "FullName": key.decrypt(row["name_cipher"]),
        "CertType": row["document_type"],
        "CertNo": key.decrypt(row["document_cipher"]),
        "OutAccount": key.decrypt(row["other_account_cipher"]),
        "InAccount": str(row["account_no"]),
        "FundAccount": account.number,
        "FundAccountName": account.name,
        "FundBankCode": account.bank_code,
        "FundBankName": account.bank_name,
    }


def out_info_body(*, row: Record, function: str, reason: str = "") -> dict[str, Any]:
    """905 单笔转出信息. `function`: 0 new, 1 amended, 2 the receiving centre confirms."""
    if function == "2":
        return {"ConNum": row["letter_no"], "TxFunc": function}
    return {"ConNum": row["letter_no"], "TxFunc": function, **(row["info"] or {}), "Reason": reason}


def progress_body(*, letter_no: str, state: str, reason: str = "") -> dict[str, Any]:
    """904 as a notice: our assumption of how one centre tells the other of a state that no other message brings."""
    return {"ConNum": letter_no, "TranStatus": state, "Reason": reason}
