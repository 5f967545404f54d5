"""The house rules, each shown to catch what it forbids."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import schema
from tests.architecture import checks
from tests.architecture.checks import ROOT, Source, sources

Check = Callable[[Source], list[str]]

# check, packages it holds for, a module that breaks it
RULES: dict[str, tuple[Check, tuple[str, ...], str]] = {
    "areas are entered by their face": (
        checks.inner_doors,
        checks.PACKAGES,
        "from domain.ledger.actions import post\n",
    ),
    "only ops reads the clock": (
        checks.clocks,
        ("auth", "backoffice", "channels", "domain", "notifications", "resolvers", "schema"),
        "from datetime import date\nprint(date.today())\n",
    ),
    "no floats near money": (
        checks.floats,
        ("domain", "resolvers"),
        "def share(amount):\n    return amount * 0.5\n",
    ),
    "only ops reads settings": (
        checks.settings_read,
        ("auth", "backoffice", "channels", "domain", "notifications", "resolvers", "schema"),
        "from ops.settings import Settings\n",
    ),
    "files stay readable": (
        checks.too_long,
        checks.PACKAGES,
        "\n" * (checks.LINES_MAX + 1),
    ),
    "actions take keywords": (
        checks.positional,
        ("domain",),
        "async def pay(account_no, amount):\n    pass\n",
    ),
    "nobody waits for a partner in a transaction": (
        checks.network_in_transaction,
        checks.PACKAGES,
        "async def f(gateway):\n    async with transaction() as tx:\n        await gateway.pay()\n",
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_house_keeps_its_rules(name: str) -> None:
    check, packages, _ = RULES[name]
    broken = [line for source in sources(*packages) for line in check(source)]
    assert broken == []


@pytest.mark.parametrize("name", RULES)
def test_each_rule_catches_what_it_forbids(name: str) -> None:
    check, _, bad = RULES[name]
    assert check(Source("withdrawals.sample", bad)) != []


@pytest.mark.parametrize("package", checks.PACKAGES)
def test_top_level_packages_are_empty(package: str) -> None:
    """`schema` and `channels` are names of published packages too: ours must not depend on who is found first."""
    assert (ROOT / package / "__init__.py").read_text() == ""


def test_schema_is_ours() -> None:
    assert schema.__file__ is not None and schema.__file__.startswith(str(ROOT))


def test_imports_point_down() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_the_import_contracts_catch_an_upward_import(tmp_path: object) -> None:
    """The contract file is read and can fail: with the layers turned round it does."""
    config = (ROOT / "pyproject.toml").read_text()
    assert '"auth",\n    "domain",' in config
    turned = config.replace('"auth",\n    "domain",', '"domain",\n    "auth",', 1)
    path = ROOT / ".data" / "turned.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(turned)
    try:
        run = subprocess.run(
            [
                sys.executable,
                "-c",
                "from importlinter.cli import lint_imports_command as c; c()",
                "--config",
                str(path),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    finally:
        path.unlink()
    assert run.returncode != 0
