"""Loads the part of the platform that a command hands over to."""

import importlib
import importlib.util
import pkgutil
from types import ModuleType

from ops.dev.failures import CommandFailure


def load(module: str, *, wanted: str) -> ModuleType:
    """Import `module`; raises CommandFailure, naming `wanted`, when there is no such module.

    An import error inside an existing module is a bug and is raised as it is.
    """
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise CommandFailure(wanted)
    return importlib.import_module(module)


def named(package: str, name: str, *, kind: str) -> ModuleType:
    """The module for a name as typed (`rent-withdrawal`); CommandFailure lists those that exist."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    names = [
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(spec.submodule_search_locations or [] if spec else [])
        if not module.ispkg and not module.name.startswith("_")
    ]
    if name not in names:
        listed = ", ".join(names) or "none yet"
        raise CommandFailure(f"there is no {kind} {name!r}; there are: {listed}")
    return importlib.import_module(f"{package}.{name.replace('-', '_')}")
