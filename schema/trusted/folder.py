"""A service's documents as files: `service.yaml` says who may run them, each `.graphql` file is one operation.

    service: jingtong                # how the service is registered
    channels: [jingtong_h5]          # channels on which its users log in
    anyone: [ServiceItems]           # operations that need no login
    map: ../h5/documents.js          # written for the client: names and identifiers
    client: ../client/documents.ts   # written for clients in TypeScript: with the types of variables and data
    shares: [../../jingtong/documents]   # folders whose operations are this service's too (同质同源)
    without: [ApplyForPropertyFeeWithdrawal]   # operations of shared folders that are not

A file bears the name of its operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from auth.configuration import CHANNEL_LIMITS, STAFF_CHANNEL
from auth.grants.bearer import CHANNEL as PARTNER_CHANNEL
from domain.kernel.actor import ANONYMOUS
from schema.trusted.checking import Checked
from schema.trusted.identity import source_of

SERVICE_FILE = "service.yaml"
_SERVICE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_KEYS = frozenset({"service", "channels", "anyone", "map", "client", "shares", "without"})


class FolderFault(Exception):
    """The folder cannot be read as a service's documents; the message is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Service:
    """`sources` by file name; `anyone` names operations that callers who are not logged in may run."""

    name: str
    channels: frozenset[str]
    anyone: frozenset[str]
    sources: dict[str, str]
    map_file: Path | None
    client_file: Path | None = None

    def channels_of(self, operation: str) -> frozenset[str]:
        """Where an operation may run; nobody's channel is a channel too."""
        return self.channels | ({ANONYMOUS.channel} if operation in self.anyone else frozenset())


def read_folder(folder: Path) -> Service:
    """Raises FolderFault."""
    try:
        said = yaml.safe_load((folder / SERVICE_FILE).read_text("utf-8"))
    except OSError as error:
        raise FolderFault(f"{folder.name}中没有{SERVICE_FILE}，请写明服务和渠道。") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FolderFault(f"{SERVICE_FILE}不是有效的YAML，请核对后重试。") from error
    if not isinstance(said, dict) or not {"service", "channels"} <= set(said) <= _KEYS:
        raise FolderFault(
            f"{SERVICE_FILE}应写明service和channels，另可写anyone、map、client、shares和without，请核对后重试。"
        )
    name = said["service"]
    if not isinstance(name, str) or _SERVICE.fullmatch(name) is None:
        raise FolderFault("service应为小写字母开头的英文名称，请核对后重试。")
    channels, anyone = _names(said["channels"], "channels"), _names(said.get("anyone", []), "anyone")
    if not channels or (unknown := sorted(channels - {*CHANNEL_LIMITS, STAFF_CHANNEL, PARTNER_CHANNEL})):
        raise FolderFault(f"渠道{'、'.join(unknown) if channels else ''}不存在，请使用已开通的渠道。")
    sources = _sources(folder, _names(said.get("shares", []), "shares"))
    without = _names(said.get("without", []), "without")
    if unknown := sorted(without - {file.removesuffix(".graphql") for file in sources}):
        raise FolderFault(f"without所列的{'、'.join(unknown)}不在共用的文件夹中，请核对后重试。")
    sources = {file: text for file, text in sources.items() if file.removesuffix(".graphql") not in without}
    if missing := sorted(anyone - {file.removesuffix(".graphql") for file in sources}):
        raise FolderFault(f"anyone所列的{'、'.join(missing)}没有对应的文件，请核对后重试。")
    map_file, client_file = (
        (folder / str(said[key])).resolve() if said.get(key) is not None else None for key in ("map", "client")
    )
    return Service(name, channels, anyone, sources, map_file, client_file)


def written_map(documents: Iterable[Checked]) -> str:
    """The client's module: one constant for each operation."""
    lines = [
        "// Written by `./dev documents write` from the .graphql files beside this page; do not edit.",
        "// The page sends identifiers: the service runs the registered text and no other.",
        "",
    ]
    lines += [f'export const {_constant(each.name)} = "{each.document_id}";' for each in documents]
    return "\n".join(lines) + "\n"


def _constant(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _sources(folder: Path, shares: frozenset[str]) -> dict[str, str]:
    """The folder's operations and those that it shares; one name has one text."""
    sources: dict[str, str] = {}
    for place in [folder, *(folder / name for name in sorted(shares))]:
        if not place.is_dir():
            raise FolderFault(f"shares所列的{place.name}不是文件夹，请核对后重试。")
        for path in sorted(place.glob("*.graphql")):
            if path.name in sources:
                raise FolderFault(f"{path.name}在共用的文件夹中已有，请改名或删除。")
            sources[path.name] = _source(path)
    return dict(sorted(sources.items()))


def _names(value: object, key: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FolderFault(f"{SERVICE_FILE}的{key}应为名称的列表，请核对后重试。")
    return frozenset(value)


def _source(path: Path) -> str:
    try:
        return source_of(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise FolderFault(f"{path.name}不是UTF-8文本，请转换后重试。") from error
