"""What the simulators and clients of partners share: faults, journal, control routes, breaker, signature."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from channels.breaker import Breaker
from channels.simulation import Faults, SimulatorJournal, control_routes
from channels.wire import SignatureCheck, SignatureRefused, signed_headers
from tests.loopback import serve

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_rules_apply_in_order_by_match_and_run_out() -> None:
    faults = Faults()
    faults.add(simulator="bank", operation="pay", mode="timeout", times=2, match={"serial_no": "7"})
    faults.add(simulator="bank", mode="slow")

    def mode(operation: str, **fields: object) -> str:
        return faults.take(simulator="bank", operation=operation, fields=fields).mode

    assert [mode("pay", serial_no=7) for _ in range(3)] == ["timeout", "timeout", "slow"]
    assert mode("pay", serial_no=8) == "slow"
    assert faults.take(simulator="sms", operation="send").mode == "normal"
    assert faults.counts == {"bank.pay": 4, "sms.send": 1}
    faults.clear(simulator="bank")
    assert mode("pay") == "normal"


@pytest.mark.parametrize("wrong", [{"mode": "explode"}, {"mode": "slow", "times": 0}])
def test_an_impossible_rule_is_refused(wrong: dict[str, Any]) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=r"times|mode"):
        faults.add(**wrong)
    assert faults.rules == []


async def test_control_routes_set_show_and_clear_faults() -> None:
    faults = Faults()
    rule = {
        "simulator": "bank",
        "operation": "pay",
        "mode": "slow",
        "times": 1,
        "match": {"n": 7},
        "detail": {},
    }
    async with (
        serve(Starlette(routes=control_routes(faults))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        assert (await http.post("/_sim/faults", json=rule)).status_code == 201
        assert (await http.get("/_sim/faults")).json() == [{**rule, "match": {"n": "7"}}]
        faults.take(simulator="bank", operation="pay", fields={"n": 7})
        calls = (await http.get("/_sim/calls", params={"simulator": "bank"})).json()
        assert calls["counts"] == {"bank.pay": 1}
        assert calls["calls"][0]["fields"] == {"n": "7"}
        assert (await http.get("/_sim/calls", params={"simulator": "sms"})).json()["calls"] == []
        await http.post("/_sim/faults", json={"mode": "slow"})
        assert (await http.delete("/_sim/faults")).status_code == 204
        assert (await http.delete("/_sim/calls")).status_code == 204
        assert (faults.rules, list(faults.calls)) == ([], [])


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"mode":"explode"}', '{"mode":"slow","times":"2"}', '{"mode":"slow","times":true}',
     '{"mode":5}', '{"mode":"slow","colour":"red"}', '{"mode":"slow","match":[]}'],
)  # fmt: skip
async def test_a_malformed_rule_gets_400_and_changes_nothing(body: str) -> None:
    faults = Faults()
    async with (
        serve(Starlette(routes=control_routes(faults))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        assert (await http.post("/_sim/faults", content=body)).status_code == 400
    assert faults.rules == []


def test_the_journal_survives_a_restart_and_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "state" / "bank.jsonl"
    first = SimulatorJournal(path)
    first.append({"serial": "1", "text": "支付"})
    first.append({"serial": "2"})
    first.close()
    with path.open("ab") as torn:
        torn.write(b'{"serial": "3", "te')
    second = SimulatorJournal(path)
    assert second.entries() == [{"serial": "1", "text": "支付"}, {"serial": "2"}]
    second.append({"serial": "4"})
    second.close()
    assert [json.loads(line)["serial"] for line in path.read_text().splitlines()] == ["1", "2", "4"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_journal_without_a_path_keeps_copies() -> None:
    journal = SimulatorJournal()
    entry = {"serial": "1"}
    journal.append(entry)
    entry["serial"] = "changed"
    assert journal.entries() == [{"serial": "1"}]


def test_a_failed_probe_opens_the_breaker_again() -> None:
    breaker = Breaker(failures_max=2, pause=timedelta(seconds=10))
    for _ in range(2):
        assert breaker.admit(now=NOW)
        breaker.failed(now=NOW)
    assert breaker.open and not breaker.admit(now=NOW)
    later = NOW + timedelta(seconds=10)
    assert breaker.admit(now=later)
    assert not breaker.admit(now=later), "one probe at a time"
    breaker.failed(now=later)
    assert not breaker.admit(now=later + timedelta(seconds=9))


def test_a_probe_given_up_makes_room_for_another() -> None:
    breaker = Breaker(failures_max=1, pause=timedelta(seconds=10))
    breaker.failed(now=NOW)
    later = NOW + timedelta(seconds=11)
    assert breaker.admit(now=later)
    breaker.given_up()
    assert breaker.admit(now=later)
    breaker.succeeded()
    assert not breaker.open


def test_single_failures_between_successes_do_not_open_the_breaker() -> None:
    breaker = Breaker(failures_max=2)
    for _ in range(5):
        breaker.failed(now=NOW)
        breaker.succeeded()
    assert not breaker.open


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"x-agency-app": "stranger"}, "app_unknown"),
        ({"x-agency-app": ""}, "app_unknown"),
        ({"x-signature": "0" * 64}, "signature_wrong"),
        ({"x-signature": "签名"}, "signature_wrong"),
        ({"x-signature": ""}, "signature_wrong"),
        ({"x-timestamp": "0"}, "signature_wrong"),
        ({"x-nonce": "f" * 32}, "signature_wrong"),
    ],
)
def test_changed_headers_are_refused(changes: dict[str, str], code: str) -> None:
    check = SignatureCheck(secrets_by_app={"hpf": b"secret"}, clock=lambda: NOW)
    signed = signed_headers(app="hpf", secret=b"secret", method="POST", path="/p", body=b"b", now=NOW)
    headers = {name.lower(): value for name, value in signed.items()}
    with pytest.raises(SignatureRefused) as refused:
        check.verify(method="POST", path="/p", headers=headers | changes, body=b"b")
    assert refused.value.code == code
    assert check.verify(method="POST", path="/p", headers=headers, body=b"b") == "hpf"


def test_a_nonce_counts_for_each_app_and_only_in_its_shape() -> None:
    check = SignatureCheck(secrets_by_app={"a": b"1", "b": b"2"}, clock=lambda: NOW)

    def verify(app: str, secret: bytes, nonce: str) -> str:
        signed = signed_headers(app=app, secret=secret, method="POST", path="/p", body=b"", now=NOW, nonce=nonce)
        return check.verify(
            method="POST",
            path="/p",
            headers={name.lower(): value for name, value in signed.items()},
            body=b"",
        )

    assert (verify("a", b"1", "a" * 32), verify("b", b"2", "a" * 32)) == ("a", "b")
    for nonce in ("a" * 32, "short", "g" * 32):
        with pytest.raises(SignatureRefused, match="nonce_replayed"):
            verify("a", b"1", nonce)
