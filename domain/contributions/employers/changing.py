"""单位信息与状态变更、缴款方式与委托收款: with history (R01.6, R02.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.contributions.employers.documents import GivenDocument
from domain.contributions.employers.matters import open_matter
from domain.contributions.employers.opening import check_contact
from domain.contributions.employers.standing import (
    COUNTER_ROLES,
    KIND_NAMES,
    METHOD_NAMES,
    STATE_NAMES,
    EmployerStanding,
    collection_text,
    lock_standing,
    require_employer,
    require_open,
)
from domain.contributions.refusals import (
    CHANGE_EMPTY,
    CLOSURE_PEOPLE,
    COLLECTION_ACCOUNT,
    COLLECTION_BANK,
    COLLECTION_DAY,
    COLLECTION_NOT_OPEN,
    COLLECTION_NOTICE,
    COUNTER_ONLY,
    KIND_UNKNOWN,
    METHOD_UNKNOWN,
    NAME_INVALID,
    OFFICE_UNKNOWN,
    PAY_DAY_INVALID,
    STATE_CHANGE,
)
from domain.kernel import audit, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.identifiers import mask_card, new_id
from domain.kernel.refusal import Refusal, Refused

NOTICE_VERSION = "2024-03"
NOTICE_TITLE = "开通委托收款缴纳住房公积金告知单"
NOTICE = (
    "一、开通委托收款后，本中心按单位确认的汇缴书金额，于约定的扣款日委托受托银行从单位指定账户扣款。",
    "二、单位应保证扣款日账户余额充足；扣款失败的，汇缴书保持待缴状态，可再次托收或改用其他缴款方式。",
    "三、扣款账户信息变更、账户注销的，单位应在扣款日前办理缴款方式变更。",
    "四、单位可随时将缴款方式变更为其他方式，已向银行发出的扣款不受影响。",
)
"""The notice's wording is ours (its layout is not public); its version is kept with every consent."""

CONTACT_FIELDS = ("address", "postcode", "phone", "email", "pay_day")
COUNTER_FIELDS = ("name", "kind", "office_code", "economic_type", "industry")
_TURNS = {"01": ("05",), "02": ("05",), "03": ("05",), "05": ("01",)}
_ACCOUNT_NO = re.compile(r"[0-9]{8,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionAccount:
    """扣款账户; the name must be the employer's."""

    bank_code: str
    account_no: str
    account_name: str
    day: int

    def __repr__(self) -> str:
        return f"CollectionAccount({self.bank_code}, {mask_card(self.account_no)})"


async def change_information(
    *,
    actor: Actor,
    employer_no: int,
    changes: Mapping[str, str],
    documents: Sequence[GivenDocument] = (),
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Changes contact and pay day by its agent; name, kind and department by the counter. At once, with history.
    Returns the matter's number. Raises Refused."""
    given = {"changes": dict(changes)}
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        earlier = await earlier_matter(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            operation="change_information",
            given=given,
            now=now,
        )
        if earlier is not None:
            return earlier
        before = await _current(tx, employer_no)
        wanted = {field: text.strip() for field, text in changes.items() if text.strip() != before.get(field)}
        problems = await _check(tx, actor, wanted)
        if problems:
            raise Refused(*problems)
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="information", given={"fields": sorted(wanted)},
            documents=documents, state="done", now=now, business_date=business_date,
        )  # fmt: skip
        for field, text in wanted.items():
            table = "employer" if field in ("name", "kind", "office_code") else "employer_account"
            value: object = int(text) if field == "pay_day" else text
            await tx.execute(f"UPDATE {table} SET {field} = $2 WHERE employer_no = $1", employer_no, value)
            await keep_change(
                tx, actor, employer_no=employer_no, field=field, before=before.get(field), after=text,
                matter_id=matter_id, now=now,
            )  # fmt: skip
        await finished(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            action="employer.changed",
            matter_no=matter_no,
            now=now,
            fields=sorted(wanted),
        )
        return matter_no


async def change_state(
    *, actor: Actor, employer_no: int, state: str, reason: str, request_key: str, now: datetime, business_date: date
) -> str:
    """单位封存 and 启封 at the counter: sealed without people who are contributed for. Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(COUNTER_ONLY())
    given = {"state": state, "reason": reason}
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="change_state", given=given, now=now
        )
        if earlier is not None:
            return earlier
        if state not in _TURNS.get(standing.state, ()):
            raise Refused(STATE_CHANGE(before=STATE_NAMES[standing.state], after=STATE_NAMES.get(state, state)))
        if state == "05" and (people := await people_of(tx, employer_no=employer_no)):
            raise Refused(CLOSURE_PEOPLE(count=people))
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="state", given=given, state="done", now=now,
            business_date=business_date,
        )  # fmt: skip
        await tx.execute("UPDATE employer SET state = $2 WHERE employer_no = $1", employer_no, state)
        await tx.execute(
            "UPDATE employer_account SET sealed_on = $2 WHERE employer_no = $1",
            employer_no,
            business_date if state == "05" else None,
        )
        await keep_change(
            tx, actor, employer_no=employer_no, field="state", before=standing.state, after=state, matter_id=matter_id,
            now=now,
        )  # fmt: skip
        await finished(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            action="employer.state_changed",
            matter_no=matter_no,
            now=now,
            state=state,
        )
        return matter_no


async def open_entrusted_collection(
    *,
    actor: Actor,
    employer_no: int,
    account: CollectionAccount,
    notice_version: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """R02.6: opens 委托收款 with the notice acknowledged, and makes it the employer's way to pay. Returns the matter's
    number. Raises Refused with everything against it."""
    given = {"account": account.account_no, "bank": account.bank_code, "day": account.day, "notice": notice_version}
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no, scope="payments")
        earlier = await earlier_matter(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            operation="open_entrusted_collection",
            given=given,
            now=now,
        )
        if earlier is not None:
            return earlier
        problems: list[Refusal] = []
        if notice_version != NOTICE_VERSION:
            problems.append(COLLECTION_NOTICE())
        if not await tx.value("SELECT active FROM entrusted_bank WHERE code = $1", account.bank_code):
            problems.append(COLLECTION_BANK())
        if _ACCOUNT_NO.fullmatch(account.account_no) is None or account.account_name.strip() != standing.name:
            problems.append(COLLECTION_ACCOUNT())
        if not 1 <= account.day <= 28:
            problems.append(COLLECTION_DAY())
        if problems:
            raise Refused(*problems)
        sealed = vault.current()
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="entrusted_collection",
            given={"bank": account.bank_code, "account": mask_card(account.account_no), "day": account.day,
                   "notice": notice_version},
            state="done", now=now, business_date=business_date,
        )  # fmt: skip
        await tx.execute(
            "UPDATE employer_account SET payment_method = 'entrusted_collection', collection_bank_code = $2,"
            " collection_account_cipher = $3, collection_account_masked = $4, collection_account_index = $5,"
            " collection_name_cipher = $6, collection_day = $7, collection_notice = $8, collection_agreed_at = $9,"
            " collection_agreed_by = $10, changed_at = $9 WHERE employer_no = $1",
            employer_no,
            account.bank_code,
            sealed.encrypt(account.account_no),
            mask_card(account.account_no),
            sealed.blind_index(collection_text(account.account_no)),
            sealed.encrypt(standing.name),
            account.day,
            notice_version,
            now,
            actor.reference,
        )
        await keep_change(
            tx, actor, employer_no=employer_no, field="payment_method", before=standing.payment_method,
            after="entrusted_collection", matter_id=matter_id, now=now,
        )  # fmt: skip
        await finished(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            action="collection.opened",
            matter_no=matter_no,
            now=now,
            notice=notice_version,
        )
        return matter_no


async def change_payment_method(
    *, actor: Actor, employer_no: int, method: str, request_key: str, now: datetime, business_date: date
) -> str:
    """How statements are paid unless they say otherwise. Entrusted collection only once it is opened. Raises
    Refused."""
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no, scope="payments")
        earlier = await earlier_matter(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            operation="change_payment_method",
            given={"method": method},
            now=now,
        )
        if earlier is not None:
            return earlier
        if method not in METHOD_NAMES:
            raise Refused(METHOD_UNKNOWN())
        if method == standing.payment_method:
            raise Refused(CHANGE_EMPTY())
        agreed = await tx.value(
            "SELECT collection_agreed_at IS NOT NULL FROM employer_account WHERE employer_no = $1", employer_no
        )
        if method == "entrusted_collection" and not agreed:
            raise Refused(COLLECTION_NOT_OPEN())
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="payment_method", given={"method": method}, state="done", now=now,
            business_date=business_date,
        )  # fmt: skip
        await tx.execute(
            "UPDATE employer_account SET payment_method = $2, changed_at = $3 WHERE employer_no = $1",
            employer_no,
            method,
            now,
        )
        await keep_change(
            tx, actor, employer_no=employer_no, field="payment_method", before=standing.payment_method, after=method,
            matter_id=matter_id, now=now,
        )  # fmt: skip
        await finished(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            action="employer.method_changed",
            matter_no=matter_no,
            now=now,
            method=method,
        )
        return matter_no


async def keep_change(
    tx: Transaction, actor: Actor, *, employer_no: int, field: str, before: str | None, after: str | None,
    matter_id: int | None, now: datetime,
) -> None:  # fmt: skip
    """One line of the employer's history."""
    await tx.execute(
        "INSERT INTO employer_change (employer_no, change_id, field, before, after, matter_id, changed_by,"
        " changed_by_name, channel, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        employer_no,
        new_id(),
        field,
        before,
        after,
        matter_id,
        actor.reference,
        actor.name,
        actor.channel,
        now,
    )


async def people_of(tx: Transaction, *, employer_no: int) -> int:
    found: int = await tx.value(
        "SELECT count(*) FROM employment WHERE employer_no = $1 AND ended_period IS NULL", employer_no
    )
    return found


async def _current(tx: Transaction, employer_no: int) -> dict[str, str]:
    account = await tx.row("SELECT * FROM employer_account WHERE employer_no = $1", employer_no)
    employer = await tx.row("SELECT name, kind, office_code FROM employer WHERE employer_no = $1", employer_no)
    assert account is not None and employer is not None
    fields = (*CONTACT_FIELDS, "economic_type", "industry")
    return {**{field: str(account[field]) for field in fields}, **dict(employer)}


async def _check(tx: Transaction, actor: Actor, wanted: Mapping[str, str]) -> list[Refusal]:
    if not wanted:
        return [CHANGE_EMPTY()]
    found: list[Refusal] = []
    unknown = [field for field in wanted if field not in (*CONTACT_FIELDS, *COUNTER_FIELDS)]
    assert not unknown, f"no such fields: {unknown}"
    if any(field in COUNTER_FIELDS for field in wanted) and not actor.has_role(*COUNTER_ROLES):
        found.append(COUNTER_ONLY())
    if "name" in wanted and not 2 <= len(wanted["name"]) <= 100:
        found.append(NAME_INVALID())
    if "kind" in wanted and wanted["kind"] not in KIND_NAMES:
        found.append(KIND_UNKNOWN())
    pay_day = wanted.get("pay_day", "1")
    if not (pay_day.isascii() and pay_day.isdigit() and 1 <= int(pay_day) <= 31):
        found.append(PAY_DAY_INVALID())
    office = wanted.get("office_code")
    if office and await tx.value(_OPEN_OFFICE, office) is None:
        found.append(OFFICE_UNKNOWN())
    found += check_contact(
        postcode=wanted.get("postcode", ""), phone=wanted.get("phone", ""), email=wanted.get("email", "")
    )
    return found


async def begun(tx: Transaction, actor: Actor, *, employer_no: int, scope: str = "employer") -> EmployerStanding:
    standing = await lock_standing(tx, employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope=scope)
    if standing.state != "05":
        require_open(standing)
    return standing


async def earlier_matter(
    tx: Transaction, actor: Actor, *, employer_no: int, request_key: str, operation: str, given: object, now: datetime
) -> str | None:
    found = await idempotency.begin(
        tx, actor=actor, account_no=employer_no, request_key=request_key, operation=operation, given=given, now=now
    )
    return None if found is None else str(found["matter_no"])


async def finished(
    tx: Transaction, actor: Actor, *, employer_no: int, request_key: str, action: str, matter_no: str, now: datetime,
    **detail: object,
) -> None:  # fmt: skip
    await audit.record(
        tx, actor=actor, action=action, subject=f"employer:{employer_no}", now=now,
        detail={"matter_no": matter_no, **detail},
    )  # fmt: skip
    await idempotency.finish(
        tx, actor=actor, account_no=employer_no, request_key=request_key, result={"matter_no": matter_no}
    )


_OPEN_OFFICE = "SELECT 1 FROM management_office WHERE code = $1 AND closed_on IS NULL FOR SHARE"
