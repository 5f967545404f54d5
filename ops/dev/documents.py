"""`./dev documents …`: checks the `.graphql` files of the channels and registers them.

    check [FOLDER …]       what each document reads and changes, in words; fails on a fault or an outdated file
    write [FOLDER …]       writes the clients' files: names and identifiers, and the typed module for TypeScript
    publish [FOLDER …]     registers the documents and grants them to their service's channels
    list                   what is registered
    withdraw SERVICE NAME VERSION

Without a folder: `documents` beside every channel. The role of DATABASE_URL itself writes the registry, because the
role that serves requests may only read it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson

from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import CHECKOUT, stores
from schema.limits import GraphQLLimits
from schema.root import executable
from schema.trusted import (
    Checked,
    DocumentFault,
    FolderFault,
    Published,
    Service,
    WithdrawalFault,
    check,
    publish,
    read_folder,
    withdraw,
    written_map,
    written_module,
)

USAGE = "usage: ./dev documents check|write|publish [FOLDER …] | list | withdraw SERVICE NAME VERSION"

Documents = list[tuple[Checked, frozenset[str]]]


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check" | "write" | "publish" as command, *named]:
            folders = [Path(name) for name in named] or folders_of_channels()
            return {"check": _check, "write": _write, "publish": _publish}[command](folders)
        case ["list"]:
            with stores():
                asyncio.run(_list(os.environ["DATABASE_URL"]))
            return 0
        case ["withdraw", service, name, version] if version.isdecimal():
            with stores():
                asyncio.run(_withdraw(os.environ["DATABASE_URL"], service, name, int(version)))
            print(f"已撤回：{service}/{name} 第{version}版，各进程将在几秒内停止执行。")
            return 0
    raise CommandFailure(USAGE)


def folders_of_channels() -> list[Path]:
    return sorted(path.parent for path in CHECKOUT.glob("channels/*/documents/service.yaml"))


def checked(folder: Path) -> tuple[Service, Documents]:
    """A folder's documents with their channels. Raises CommandFailure that names every fault at once."""
    try:
        service = read_folder(folder)
    except FolderFault as fault:
        raise CommandFailure(f"{folder}：{fault}") from fault
    found: Documents = []
    faults = []
    for file, source in service.sources.items():
        try:
            document = check(schema=executable(), source=source, limits=GraphQLLimits())
            if file != f"{document.name}.graphql":
                raise DocumentFault(f"文件名应与操作名一致，请改名为{document.name}.graphql。")
            channels = service.channels_of(document.name)
            if document.name in service.anyone and not document.described.public:
                raise DocumentFault("列在anyone中，但含有须登录才能读取的内容，请从anyone中删除。")
            found.append((document, channels))
        except DocumentFault as fault:
            faults.append(f"  {file}：{fault}")
    if faults:
        raise CommandFailure("\n".join([f"{folder}中有不能登记的文档：", *faults]))
    return service, found


async def publish_folders(dsn: str, folders: Sequence[Path], *, now: datetime) -> list[Published]:
    """Registers what the folders hold. Raises CommandFailure before anything is written."""
    read = [checked(folder) for folder in folders]
    done = []
    async with _owner(dsn) as tx:
        for service, documents in read:
            done += await publish(tx, service=service.name, documents=documents, actor=SYSTEM, now=now)
    return done


def _check(folders: Sequence[Path]) -> int:
    outdated = []
    for folder in folders:
        service, documents = checked(folder)
        print(f"{service.name}（渠道：{'、'.join(sorted(service.channels))}）")
        for document, channels in documents:
            print(f"\n  {document.name}  {document.kind}  最高{document.points_max}点  {document.document_id}")
            print(f"    渠道：{'、'.join(sorted(channels))}")
            print(f"    权限：{'、'.join(document.described.rights) or '无须登录'}")
            print("\n".join(f"    {sentence}" for sentence in document.described.sentences))
        outdated += [
            str(file.relative_to(CHECKOUT))
            for file, text in files_of(service, documents).items()
            if text != _read(file)
        ]
    if outdated:
        raise CommandFailure(f"{'、'.join(outdated)} is out of date: ./dev documents write")
    return 0


def _write(folders: Sequence[Path]) -> int:
    for folder in folders:
        service, documents = checked(folder)
        for file, text in files_of(service, documents).items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"written: {file}")
    return 0


def _publish(folders: Sequence[Path]) -> int:
    with stores():
        done = asyncio.run(publish_folders(os.environ["DATABASE_URL"], folders, now=datetime.now(UTC)))
    for each in done:
        state = "已撤回，须修改后才能再登记" if each.withdrawn else "已登记" if each.new else "无变化"
        print(f"{each.name} 第{each.version}版 {state} {each.document_id}")
    return 0


async def _list(dsn: str) -> None:
    async with _owner(dsn) as tx:
        rows = await tx.rows(
            "SELECT v.service, v.name, v.version, v.withdrawn_at, d.kind, d.points_max, d.document_id,"
            " array(SELECT channel FROM document_grant g WHERE g.service = v.service AND g.name = v.name"
            " AND g.version = v.version ORDER BY 1) AS channels"
            " FROM document_version v JOIN trusted_document d USING (document_id) ORDER BY 1, 2, 3"
        )
    for row in rows:
        state = "已撤回" if row["withdrawn_at"] else "、".join(row["channels"])
        print(f"{row['service']}/{row['name']} 第{row['version']}版 {row['kind']} {state} {row['document_id']}")


async def _withdraw(dsn: str, service: str, name: str, version: int) -> None:
    async with _owner(dsn) as tx:
        try:
            await withdraw(tx, service=service, name=name, version=version, actor=SYSTEM, now=datetime.now(UTC))
        except WithdrawalFault as fault:
            raise CommandFailure(str(fault)) from fault


@asynccontextmanager
async def _owner(dsn: str) -> AsyncIterator[Transaction]:
    """One transaction as the owner of the tables."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )
        async with connection.transaction():
            yield Transaction(connection)
    finally:
        await connection.close()


def files_of(service: Service, documents: Documents) -> dict[Path, str]:
    """What is written for the clients of a service, by file."""
    found = [document for document, _ in documents]
    files = {}
    if service.map_file is not None:
        files[service.map_file] = written_map(found)
    if service.client_file is not None:
        files[service.client_file] = written_module(executable(), found)
    return files


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    # for `./dev up`, whose environment names the running stores
    try:
        sys.exit(main(sys.argv[1:]))
    except CommandFailure as failure:
        sys.exit(str(failure))
