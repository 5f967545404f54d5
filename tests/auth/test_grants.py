"""Services, parties, keys and grants: proposed by one, decided by another, each step in the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from auth import approvals, grants
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock
from tests.factories import partners
from tests.factories.partners import APPROVER, REGISTRAR, Ed25519Pair, Party, Sm2Pair, request_key
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("R06.3")]


@pytest_asyncio.fixture
async def party(database: str, login_service: object, clock: Clock) -> Party:
    await partners.published(database, now=clock())
    return await partners.registered(now=clock())


async def trail(subject: str) -> list[tuple[str, str]]:
    rows = await database.rows(
        "SELECT action, outcome FROM audit_event WHERE subject = $1 ORDER BY at, event_id", subject
    )
    return [(row["action"], row["outcome"]) for row in rows]


async def codes(work: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        await work
    return [refusal.code for refusal in refused.value.refusals]


async def state_of(grant_id: int) -> str:
    found: str = await database.value("SELECT state FROM service_grant WHERE grant_id = $1", grant_id)
    return found


async def test_every_state_of_a_grant_is_in_the_trail(party: Party, clock: Clock) -> None:
    grant_id = await partners.granted(party, "KioskGuide", now=clock(), represents="nobody")
    await partners.token(party, now=clock())
    await grants.suspend_grant(actor=APPROVER, grant_id=grant_id, reason="发现异常调用", now=clock.pass_(minutes=1))
    again = await grants.propose_resumption(
        actor=REGISTRAR, grant_id=grant_id, reason="已查明原因", request_key=request_key(), now=clock()
    )
    await partners.approved(again, now=clock())
    await grants.end_grant(actor=REGISTRAR, grant_id=grant_id, reason="合作到期", now=clock.pass_(minutes=1))

    said = [action for action, outcome in await trail(f"grant:{grant_id}") if outcome == "done"]
    states = [action for action in said if action.startswith("grant.")]
    assert states == ["grant.approved", "grant.connected", "grant.suspended", "grant.approved", "grant.ended"]
    assert await database.value("SELECT count(*) FROM approval WHERE subject = $1", f"grant:{grant_id}") == 2
    assert await state_of(grant_id) == "ended"


async def test_nobody_decides_on_their_own_proposal(party: Party, clock: Clock) -> None:
    both = Actor(
        kind="staff",
        channel="backoffice",
        staff_id=9001,
        name="周系统",
        roles=frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    )
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    asked = await grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    async with nothing_changed():
        work = approvals.decide(actor=both, approval_id=asked, agree=True, note="", now=clock())
        assert await codes(work) == ["approval.own"]
    assert (await trail(f"approval:{asked}"))[-1] == ("approval.refused", "refused")


async def test_a_proposal_waits_until_somebody_decides(party: Party, clock: Clock) -> None:
    asked = await partners.proposed_key(Party(party.code, Ed25519Pair()), now=clock())
    clock.pass_(days=300)
    assert [one.approval_id for one in await grants.proposals(actor=APPROVER, now=clock())] == [asked]
    await partners.approved(asked, now=clock())
    assert await grants.proposals(actor=REGISTRAR, now=clock()) == []
    subjects = await grants.proposals_of_party(actor=REGISTRAR, partner_id=party.partner_id, now=clock())
    assert sorted(one.kind for one in subjects) == ["key.add", "key.add", "party.register"]


async def test_what_is_taken_back_never_stands(party: Party, clock: Clock) -> None:
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    asked = await grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    async with nothing_changed():
        taken = approvals.withdraw(actor=APPROVER, approval_id=asked, now=clock())
        assert await codes(taken) == ["access.not_permitted"]
    await approvals.withdraw(actor=REGISTRAR, approval_id=asked, now=clock())
    assert await state_of(int((await partners.payload_of(asked))["grant_id"])) == "ended"
    assert await codes(partners.approved(asked, now=clock())) == ["approval.over"]


async def test_of_two_requests_to_resume_one_waits(party: Party, clock: Clock) -> None:
    grant_id = await partners.granted(party, "KioskGuide", now=clock(), represents="nobody")
    await grants.suspend_grant(actor=APPROVER, grant_id=grant_id, reason="发现异常调用", now=clock())
    given: dict[str, Any] = {"actor": REGISTRAR, "grant_id": grant_id, "reason": "已查明原因", "now": clock()}
    key = request_key()
    first = await grants.propose_resumption(**given, request_key=key)
    assert await grants.propose_resumption(**given, request_key=key) == first
    assert await codes(grants.propose_resumption(**given, request_key=request_key())) == ["approval.waiting"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMIN])
async def test_only_the_system_administrator_registers(role: Role, party: Party, clock: Clock) -> None:
    actor = Actor(kind="staff", channel="backoffice", staff_id=7, roles=frozenset({role}))
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    async with nothing_changed():
        work = grants.propose_grant(
            actor=actor, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
        )
        assert await codes(work) == ["access.not_permitted"]
    assert ("grant.registered", "refused") in await trail(f"party:{party.code}")


async def test_a_declined_grant_never_stands(party: Party, clock: Clock) -> None:
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    asked = await grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    declined: dict[str, Any] = {"actor": APPROVER, "approval_id": asked, "agree": False, "now": clock()}
    assert await codes(approvals.decide(**declined, note="")) == ["approval.reason"]
    await approvals.decide(**declined, note="用途不明确")
    assert await state_of(int((await partners.payload_of(asked))["grant_id"])) == "ended"
    assert await codes(partners.approved(asked, now=clock())) == ["approval.over"]


async def test_a_repeated_proposal_is_the_same_and_another_input_is_refused(party: Party, clock: Clock) -> None:
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    key = request_key()
    given: dict[str, Any] = {"actor": REGISTRAR, "party": party.code, "reason": "银行申请接入", "request_key": key}
    first = await grants.propose_grant(**given, terms=terms, now=clock())
    async with nothing_changed():
        assert await grants.propose_grant(**given, terms=terms, now=clock()) == first
        other = await partners.terms("KioskGuide", now=clock(), represents="nobody", calls_per_day=5)
        assert await codes(grants.propose_grant(**given, terms=other, now=clock())) == ["request.key_reused"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "Kiosk Balance"}, "grants.purpose_malformed"),
        ({"purpose_text": " "}, "grants.name_required"),
        ({"represents": "everybody"}, "grants.represents_unknown"),
        ({"calls_per_day": 0}, "grants.quota_malformed"),
        ({"points_per_day": 2_000_000_000}, "grants.quota_malformed"),
        ({"documents": ()}, "grants.documents_required"),
        ({"documents": ("KioskGuide", "Home")}, "grants.document_unknown"),
        ({"documents": ("KioskGuide", "KioskBalance")}, "grants.fields_required"),
        ({"service": "nothing"}, "grants.service_unknown"),
    ],
)
async def test_unfit_terms_are_refused(changes: dict[str, Any], code: str, party: Party, clock: Clock) -> None:
    terms = await partners.terms("KioskGuide", now=clock(), **{"represents": "nobody", **changes})
    if "documents" in changes:
        terms = await partners.terms(
            "KioskGuide", now=clock(), represents="nobody", fields=await partners.fields_of("KioskGuide"), **changes
        )
    async with nothing_changed():
        work = grants.propose_grant(
            actor=REGISTRAR,
            party=party.code,
            terms=terms,
            reason="银行申请接入",
            request_key=request_key(),
            now=clock(),
        )
        assert code in await codes(work)


async def test_a_field_that_no_document_reads_is_refused(party: Party, clock: Clock) -> None:
    fields = [*await partners.fields_of("KioskGuide"), "Account.balance"]
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody", fields=fields)
    work = grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    assert await codes(work) == ["grants.fields_unused"]


@pytest.mark.parametrize("days", [0, -1, 5000])
async def test_an_end_in_the_past_or_far_away_is_refused(days: int, party: Party, clock: Clock) -> None:
    ends_on = business_date_of(clock()) + timedelta(days=days)
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody", ends_on=ends_on)
    work = grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    assert await codes(work) == ["grants.end_malformed"]


async def test_a_grant_approved_too_late_is_refused(party: Party, clock: Clock) -> None:
    terms = await partners.terms("KioskGuide", now=clock(), represents="nobody")
    asked = await grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=terms, reason="银行申请接入", request_key=request_key(), now=clock()
    )
    await grants.suspend_party(actor=APPROVER, partner_id=party.partner_id, reason="资质待核实", now=clock())
    work = partners.approved(asked, now=clock())
    assert await codes(work) == ["grants.change_overtaken"]


async def test_keys_of_three_kinds_and_no_others(party: Party, clock: Clock) -> None:
    sm2 = Party(party.code, Sm2Pair())
    await partners.approved(await partners.proposed_key(sm2, now=clock()), now=clock())
    keys = await grants.keys_of(actor=REGISTRAR, partner_id=party.partner_id)
    assert {(key.algorithm, key.state) for key in keys} == {("EdDSA", "approved"), ("SM2", "approved")}

    rsa = (
        "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK7WzJ4Gn3sP0Z8oQm3k4cFmHkT9mN1m\n"
        "T3nZ0m3k4cFmHkT9mN1mT3nZ0m3k4cFmHkT9mN1mT3nZ0m3k4cFmHkT9mN0CAwEAAQ==\n-----END PUBLIC KEY-----\n"
    )
    for text in (rsa, "not a key", "x" * 5000, ""):
        work = grants.add_key(
            actor=REGISTRAR,
            party=party.code,
            public_key=text,
            sandbox=False,
            reason="登记接入密钥",
            request_key=request_key(),
            now=clock(),
        )
        assert await codes(work) == ["grants.key_malformed"]


async def test_one_key_belongs_to_one_party(party: Party, clock: Clock) -> None:
    other = await partners.registered(now=clock())
    stolen = Party(other.code, party.pair)
    async with nothing_changed():
        assert await codes(partners.proposed_key(stolen, now=clock())) == ["grants.key_taken"]


async def test_a_suspended_party_is_not_granted_anything(party: Party, clock: Clock) -> None:
    await grants.suspend_party(actor=REGISTRAR, partner_id=party.partner_id, reason="资质待核实", now=clock())
    work = grants.propose_grant(
        actor=REGISTRAR,
        party=party.code,
        terms=await partners.terms("KioskGuide", now=clock(), represents="nobody"),
        reason="银行申请接入",
        request_key=request_key(),
        now=clock(),
    )
    assert await codes(work) == ["grants.party_unknown"]
    twice = grants.suspend_party(actor=REGISTRAR, partner_id=party.partner_id, reason="资质待核实", now=clock())
    assert await codes(twice) == ["grants.state_unfit"]


async def test_delegations_are_explicit_and_of_oneself(party: Party, clock: Clock) -> None:
    await partners.granted(party, now=clock())
    zhang = Actor(kind="citizen", channel="app", person_id=42, assurance="real_name")
    reference = await partners.delegated(party, person=zhang, now=clock())
    (mine,) = await grants.delegations_of(actor=zhang)
    assert (mine.reference, mine.purpose_text, mine.may_change) == (reference, "自助终端查询余额", False)

    unproved = Actor(kind="citizen", channel="app", person_id=42, assurance="password")
    assert await codes(partners.delegated(party, person=unproved, now=clock())) == ["access.real_name_required"]
    assert await codes(partners.delegated(party, person=REGISTRAR, now=clock())) == ["access.not_permitted"]
    other = partners.delegated(party, person=zhang, now=clock(), purpose="marketing")
    assert await codes(other) == ["grants.delegation_purpose"]
    stranger = Actor(kind="citizen", channel="app", person_id=43, assurance="real_name")
    async with database.transaction() as tx:
        work = grants.revoke_delegation(tx, actor=stranger, reference=reference, now=clock())
        assert await codes(work) == ["grants.delegation_unknown"]
        await grants.revoke_delegation(tx, actor=zhang, reference=reference, now=clock())
    assert ("delegation.revoked", "done") in await trail(f"delegation:{reference}")


async def test_an_employers_delegation_is_taken_from_paper(
    party: Party, clock: Clock, tables: asyncpg.Connection
) -> None:
    await tables.execute("INSERT INTO management_office VALUES ('0101', '东城管理部', '110101')")
    await tables.execute(
        "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)"
        " VALUES (100001, '某公司', '91110101MA0DEM00XL', '0101', '2018-07-01')"
    )
    await partners.granted(party, now=clock(), represents="employer", purpose="employer_kiosk")
    clerk = Actor(kind="staff", channel="backoffice", staff_id=5, name="钱前台", roles=frozenset({"service_desk"}))
    given: dict[str, Any] = {
        "party": party.code,
        "purpose": "employer_kiosk",
        "may_change": False,
        "ends_on": business_date_of(clock()) + timedelta(days=10),
        "now": clock(),
    }
    reference = await grants.delegate_at_counter(actor=clerk, employer_no=100001, paper_no="WT-2026-0001", **given)
    token = await partners.token(party, now=clock(), purpose="employer_kiosk", delegation=reference)
    assert token
    for changes, code in (
        ({"paper_no": " "}, "grants.paper_required"),
        ({"employer_no": 5}, "grants.employer_unknown"),
        ({"actor": REGISTRAR}, "access.not_permitted"),
    ):
        values = {"actor": clerk, "employer_no": 100001, "paper_no": "WT-2026-0001", **given, **changes}
        assert await codes(grants.delegate_at_counter(**values)) == [code]
