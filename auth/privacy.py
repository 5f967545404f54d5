"""What two persons decide about personal data (auth.approvals): reads that an investigation keeps back from the person,
and how much of the unmasked a role may see in a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from auth import approvals
from auth.approvals import Approval
from auth.grants.granting import day_after
from auth.refusals import ROLE_UNKNOWN
from auth.rights import may
from domain import contributions
from domain.contributions import EXCLUSION_MOST, REVEALING_ROLES
from domain.kernel import audit, database
from domain.kernel.access import TITLES
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused, refusal_kind

EXCLUSION_END = refusal_kind("access.exclusion_end", "截止日期应在明天至{most}之间，请重新选择。", field="until")
EXCLUSION_PERSON = refusal_kind("access.exclusion_person", "没有找到该人员，请核对人员编号后重试。", field="person")
EXCLUSION_ORDER = refusal_kind("access.exclusion_order", "请填写调查文书编号（4至40个字符）。", field="document_no")
EXCLUSION_READER = refusal_kind(
    "access.exclusion_reader",
    "没有找到该查阅人，请填写工作人员的登录名或第三方的代码，或留空表示所有查阅人。",
    field="reader",
)
RULE_RANGE = refusal_kind("reveal.rule_range", "每日次数应在0至1000之间，请重新填写。", field="reveals_per_day")


async def ask_exclusion(
    *, actor: Actor, person_id: int, reader: str, document_no: str, until: date, reason: str, now: datetime
) -> Approval:
    """Asks that reads of this person's record be kept back until the end of a day: by one reader (a login of staff, a
    third party's code) or, when `reader` is empty, by all. Raises Refused."""
    most = business_date_of(now + EXCLUSION_MOST)
    if not business_date_of(now) < until < most:
        raise Refused(EXCLUSION_END(most=most.isoformat()))
    if not (4 <= len(document_no.strip()) <= 40 and document_no.isprintable()):
        raise Refused(EXCLUSION_ORDER())
    who = await _reader(reader) if reader else None
    name = await database.value("SELECT name_masked FROM person WHERE person_id = $1", person_id)
    if name is None:
        raise Refused(EXCLUSION_PERSON())
    return await approvals.ask(
        actor=actor,
        kind=EXCLUSION,
        subject=f"person:{person_id}",
        payload={
            "person": str(person_id),
            "reader": who.reference if who else "",
            "document_no": document_no.strip(),
            "until": until.isoformat(),
        },
        summary=f"{name}的查阅记录，{f'仅{who.name}的' if who else '全部'}，至{until}前不向本人展示",
        reason=reason,
        now=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    reference: str
    name: str


async def _reader(given: str) -> _Reader:
    row = await database.row(_READERS, given)
    if row is None:
        raise Refused(EXCLUSION_READER())
    return _Reader(reference=row["reference"], name=row["name"])


_READERS = """
SELECT 'staff:' || staff_id AS reference, name FROM staff WHERE login = $1
UNION ALL SELECT 'partner:' || partner_id, name FROM third_party WHERE code = $1 LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """`reader` by name, None for all."""

    name_masked: str
    reader: str | None
    document_no: str
    from_at: datetime
    until: datetime
    asked_name: str
    agreed_name: str


async def exclusions(*, actor: Actor, most: int = 200) -> list[Exclusion]:
    """What two persons agreed to, the latest end first. Raises Refused."""
    if not may(actor, "access.exclude"):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(_AGREED, most)
    persons = await database.rows(
        "SELECT person_id, name_masked FROM person WHERE person_id = ANY($1::bigint[])",
        [row["person_id"] for row in rows],
    )
    names = {row["person_id"]: row["name_masked"] for row in persons}
    parties = {
        f"partner:{row['partner_id']}": row["name"]
        for row in await database.rows(
            "SELECT partner_id, name FROM third_party WHERE 'partner:' || partner_id = ANY($1::text[])",
            [row["reader"] for row in rows if row["reader"]],
        )
    }
    return [
        Exclusion(
            name_masked=names.get(row["person_id"], "—"),
            reader=parties.get(row["reader"], row["reader"]),
            **{name: row[name] for name in ("document_no", "from_at", "until", "asked_name", "agreed_name")},
        )
        for row in rows
    ]


_AGREED = """
SELECT x.person_id, coalesce(r.name, x.reader) AS reader, x.document_no, x.from_at, x.until,
       coalesce(a.name, '') AS asked_name, coalesce(b.name, '') AS agreed_name
FROM access_exclusion x
LEFT JOIN staff a ON 'staff:' || a.staff_id = x.asked_by
LEFT JOIN staff b ON 'staff:' || b.staff_id = x.agreed_by
LEFT JOIN staff r ON 'staff:' || r.staff_id = x.reader
ORDER BY x.until DESC, x.exclusion_id LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealRule:
    """`reveals_per_day` is None while nobody has set one: the role's right alone counts."""

    role: str
    role_name: str
    reveals_per_day: int | None
    changed_at: datetime | None
    asked_name: str
    agreed_name: str


async def reveal_rules(*, actor: Actor) -> list[RevealRule]:
    """Each role that may see somebody unmasked, with its rule. Raises Refused."""
    if not may(actor, "reveal.rules"):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(
        "SELECT r.role, r.reveals_per_day, r.changed_at, coalesce(a.name, '') AS asked_name,"
        " coalesce(b.name, '') AS agreed_name FROM reveal_rule r"
        " LEFT JOIN staff a ON 'staff:' || a.staff_id = r.asked_by"
        " LEFT JOIN staff b ON 'staff:' || b.staff_id = r.agreed_by"
    )
    known = {row["role"]: row for row in rows}
    return [
        RevealRule(
            role=role,
            role_name=TITLES[role],
            reveals_per_day=known[role]["reveals_per_day"] if role in known else None,
            changed_at=known[role]["changed_at"] if role in known else None,
            asked_name=known[role]["asked_name"] if role in known else "",
            agreed_name=known[role]["agreed_name"] if role in known else "",
        )
        for role in REVEALING_ROLES
    ]


async def _exclude(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    payload = found.payload
    until = day_after(date.fromisoformat(payload["until"]))
    if until <= now:
        raise Refused(EXCLUSION_END(most=business_date_of(now + EXCLUSION_MOST).isoformat()))
    await contributions.exclude(
        tx,
        person_id=int(payload["person"]),
        reader=payload["reader"] or None,
        document_no=payload["document_no"],
        until=until,
        asked_by=f"staff:{found.requested_by}",
        actor=actor,
        now=now,
    )


async def ask_reveal_rule(*, actor: Actor, role: str, reveals_per_day: int, reason: str, now: datetime) -> Approval:
    """Asks that a role may see so many persons unmasked in a day. Raises Refused."""
    if role not in REVEALING_ROLES:
        raise Refused(ROLE_UNKNOWN(role=role))
    if not 0 <= reveals_per_day <= 1000:
        raise Refused(RULE_RANGE())
    return await approvals.ask(
        actor=actor,
        kind=REVEAL_RULE,
        subject=f"role:{role}",
        payload={"role": role, "reveals_per_day": reveals_per_day},
        summary=f"{TITLES[Role(role)]}每人每日查看完整信息不超过{reveals_per_day}次",
        reason=reason,
        now=now,
    )


async def _set_rule(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    role, most = found.payload["role"], found.payload["reveals_per_day"]
    await tx.execute(
        "INSERT INTO reveal_rule (role, reveals_per_day, asked_by, agreed_by, changed_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (role) DO UPDATE SET reveals_per_day = excluded.reveals_per_day, asked_by = excluded.asked_by,"
        " agreed_by = excluded.agreed_by, changed_at = excluded.changed_at",
        role,
        most,
        f"staff:{found.requested_by}",
        actor.reference,
        now,
    )
    await audit.record(
        tx, actor=actor, action="reveal_rule.set", subject=f"role:{role}", now=now, detail={"reveals_per_day": most}
    )


EXCLUSION = approvals.declare(
    "access.exclude", name="调查期间不展示查阅记录", ask="access.exclude", decide="access.exclude", apply=_exclude
)
REVEAL_RULE = approvals.declare(
    "reveal.rule", name="查看完整信息的规则", ask="reveal.rules", decide="reveal.rules", apply=_set_rule
)
