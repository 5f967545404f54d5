"""What staff do: wording by two persons, overriding the controller by two, sending again, loading ranges."""

from datetime import timedelta

import pytest

from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.refusal import Refused
from notifications import control, desk, rendering, wording
from notifications.ports import SubmitOutcome
from notifications.routing import Carriers
from tests.conftest import MASTER_KEY
from tests.notifications.carriers import Recording
from tests.notifications.staff import FINANCE, OTHER
from tests.notifications.world import MOBILE, NOW, queue

CODE = "withdrawal.preliminary_passed"
NEW = "您的提取申请{case_no}已通过初审，请耐心等待复审。"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def sealed(database: str) -> None:
    vault.install(vault.Vault(MASTER_KEY))
    wording._known.clear()


async def refused(work: object) -> str:
    with pytest.raises(Refused) as found:
        await work  # type: ignore[misc]
    return found.value.refusals[0].code


async def propose(text: str = NEW, *, reason: str = "措辞更简明", code: str = CODE) -> int:
    return await wording.propose(
        actor=FINANCE,
        code=code,
        text=text,
        reason=reason,
        class_="transactional",
        lane="courtesy",
        department="归集管理处",
        now=NOW,
    )


async def audited() -> list[str]:
    return [row["action"] for row in await store.rows("SELECT action FROM audit_event ORDER BY at, event_id")]


# Wording


async def test_a_new_wording_is_in_force_after_a_second_person_and_only_for_later_messages() -> None:
    before = await queue()
    version = await propose()
    assert (await wording.current(store.pool, code=CODE)).version == rendering.template(CODE).version
    await wording.decide(actor=OTHER, code=CODE, version=version, approve=True, now=NOW)
    after = await queue()
    recording = Recording(name="mobile")
    for message in (before, after):
        await message.send(Carriers(in_order=[recording]))
    texts = [sent.text for sent in recording.sent]
    assert texts[1] == "【北京公积金】您的提取申请C1已通过初审，请耐心等待复审。"
    assert texts[0] != texts[1] and recording.sent[1].variables == {"case_no": "C1"}
    shown = await wording.versions(code=CODE)
    assert [(one.template.version, one.state) for one in shown][:2] == [(101, "approved"), (1, "file")]
    assert {one.code: one.version for one in await wording.in_force()}[CODE] == 101


async def test_nobody_approves_their_own_wording() -> None:
    version = await propose()
    assert await refused(wording.decide(actor=FINANCE, code=CODE, version=version, approve=True, now=NOW)) == (
        "sms.same_person"
    )
    assert await refused(propose()) == "sms.template_open"
    assert await wording.waiting() == [CODE]
    await wording.decide(actor=FINANCE, code=CODE, version=version, approve=False, now=NOW)
    assert await refused(wording.decide(actor=OTHER, code=CODE, version=version, approve=True, now=NOW)) == (
        "sms.template_not_open"
    )
    assert [one.state for one in await wording.versions(code=CODE)] == ["withdrawn", "file"]
    assert await audited() == ["sms.template_proposed", "sms.template_withdrawn"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sms.template_text"),
        ("【北京公积金】您好", "sms.template_text"),
        ("您好\n请注意", "sms.template_text"),
        ("您好{", "sms.template_text"),
        ("您好{amount}", "sms.template_variable"),
        ("字" * 400, "sms.template_long"),
    ],
)
async def test_a_wording_that_cannot_be_sent_is_refused_and_kept_nowhere(text: str, code: str) -> None:
    assert await refused(propose(text)) == code
    assert await store.value("SELECT count(*) FROM sms_template") == 0


async def test_a_wording_needs_a_reason_and_a_template() -> None:
    assert await refused(propose(reason="无")) == "sms.reason_missing"
    assert await refused(propose(code="no.such")) == "sms.template_unknown"


@pytest.mark.parametrize(
    ("text", "parts"), [("字" * 62, 1), ("字" * 63, 1), ("字" * 64, 2), ("😀" * 31, 1), ("😀" * 32, 2)]
)
def test_the_preview_counts_signature_and_surrogates(text: str, parts: int) -> None:
    # the signature has 7 units
    assert wording.preview(code=CODE, text=text).parts == parts


# Overriding the controller


async def carriers_known() -> Carriers:
    carriers = Carriers(in_order=[Recording(name="mobile"), Recording(name="agent")])
    await control.tell_condition(carriers=carriers, holds=True, now=NOW)
    return carriers


async def override(wanted: str = "off", *, carrier: str = "mobile", reason: str = "线路检修") -> int:
    return await control.propose_override(
        actor=FINANCE, carrier=carrier, wanted=wanted, reason=reason + "，通知见公告", now=NOW
    )


async def test_a_carrier_is_switched_off_by_two_persons_and_on_again() -> None:
    carriers = await carriers_known()
    first = await override()
    assert await control.tick(carriers=carriers, now=NOW) == []
    await control.decide_override(actor=OTHER, override_id=first, agree=True, now=NOW)
    (change,) = await control.tick(carriers=carriers, now=NOW + timedelta(seconds=1))
    assert (change.after.phase, carriers.shares["mobile"]) == ("forced_off", 0)
    assert await store.value("SELECT caused_by FROM sms_switch") == OTHER.reference
    again = await override("auto")
    await control.decide_override(actor=OTHER, override_id=again, agree=True, now=NOW)
    await control.tick(carriers=carriers, now=NOW + timedelta(seconds=2))
    assert carriers.shares["mobile"] == 10
    assert await control.open_overrides() == []


async def test_one_person_alone_switches_nothing() -> None:
    carriers = await carriers_known()
    made = await override()
    decide = control.decide_override
    assert await refused(decide(actor=FINANCE, override_id=made, agree=True, now=NOW)) == "sms.same_person"
    assert await refused(override("on")) == "sms.override_open"
    assert await control.tick(carriers=carriers, now=NOW) == []
    await decide(actor=FINANCE, override_id=made, agree=False, now=NOW)
    assert await refused(decide(actor=OTHER, override_id=made, agree=True, now=NOW)) == "sms.override_not_open"
    assert await audited() == ["sms.override_proposed", "sms.override_declined"]


async def test_what_is_no_carrier_or_no_wish_is_refused() -> None:
    await carriers_known()
    assert await refused(override(carrier="nobody")) == "sms.carrier_unknown"
    assert await refused(override("perhaps")) == "sms.wanted_unknown"
    assert await store.value("SELECT count(*) FROM sms_override") == 0


# Sending again


def refuses(code: str) -> SubmitOutcome:
    return SubmitOutcome(status="rejected", code=code, message="", elsewhere=True)


async def test_a_message_that_died_is_seen_and_sent_again_with_attempts_anew() -> None:
    message = await queue()
    recording = Recording(name="mobile", outcomes=[refuses("8")] * 5)
    carriers = Carriers(in_order=[recording])
    assert [await message.send(carriers) for _ in range(5)][-1] == "dead"
    (shown,) = await desk.listed(states=["dead"], mobile="138 1234 5678", most=10)
    assert (shown.message_id, shown.mobile, shown.may_have_arrived) == (message.message_id, "138****5678", False)
    await desk.resend(actor=FINANCE, message_id=message.message_id, certain=False, now=NOW)
    assert await message.send(carriers) == "accepted"
    row = await message.row()
    assert (row["attempts"], row["resends"]) == (6, 1)
    assert await audited() == ["sms.resent"]


async def test_one_that_may_have_arrived_is_not_sent_again_by_mistake() -> None:
    message = await queue()
    await store.execute("UPDATE sms_message SET state = 'dead', attempts = 1, last_code = 'no_report'")
    resend = desk.resend
    assert await refused(resend(actor=FINANCE, message_id=message.message_id, certain=False, now=NOW)) == (
        "sms.may_have_arrived"
    )
    assert await message.state() == "dead"


async def test_only_what_did_not_go_out_is_sent_again() -> None:
    message, malformed = await queue(), await queue(mobile="abc")
    for one, code in (
        (message.message_id, "sms.not_resendable"),
        (malformed.message_id, "sms.not_resendable"),
        (5, "sms.message_not_found"),
    ):
        assert await refused(desk.resend(actor=FINANCE, message_id=one, certain=True, now=NOW)) == code
    assert await audited() == []
    assert await desk.listed(states=["queued"], mobile="not a number", most=10) == []
    assert len(await desk.listed(states=["queued"], mobile=MOBILE, most=10)) == 1


# Number ranges


async def test_ranges_are_loaded_and_route_at_the_next_tick() -> None:
    carriers = Carriers(in_order=[Recording(name="mobile"), Recording(name="agent")])
    content = "号段,归属\n1381234,北京\n199,京外\n".encode()
    assert await desk.load_ranges(actor=FINANCE, content=content, source="号段公告", now=NOW) == 2
    await control.tick(carriers=carriers, now=NOW)
    message = await queue()
    await message.send(carriers)
    assert (await message.row())["region"] == "beijing"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        ("号段,归属\n", 0),
        ("号段,归属\n12,北京\n", 2),
        ("号段,归属\n13812345,北京\n", 2),
        ("号段,归属\n138,天津\n", 2),
        ("号段,归属\n138,北京\n138,京外\n", 3),
        ("号段,归属\n138\n", 2),
    ],
)
async def test_a_file_with_a_mistake_changes_nothing(content: str, line: int) -> None:
    work = desk.load_ranges(actor=FINANCE, content=content.encode(), source="x", now=NOW)
    if line == 0:
        assert await work == 0
        return
    with pytest.raises(Refused) as found:
        await work
    assert f"第{line}行" in found.value.refusals[0].message
    assert await store.value("SELECT count(*) FROM sms_number_range") == 0
