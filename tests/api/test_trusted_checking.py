"""What a document is registered for: checked, priced, and said in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.dev.documents import _check, checked
from ops.dev.failures import CommandFailure
from ops.settings import Settings
from resolvers.permissions import guard_of, guarded_fields
from schema.limits import GraphQLLimits
from schema.root import executable
from schema.trusted import DocumentFault, FolderFault, check, document_id_of, read_folder, source_of, written_map
from schema.trusted.describing import WHO
from tests.ops.test_settings import a_fit_production

LIMITS = GraphQLLimits()


def test_the_identifier_is_that_of_the_appendix() -> None:
    """The two examples of GraphQL over HTTP, appendix Persisted Documents."""
    long = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    assert document_id_of(long) == "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    short = "query($id:ID!){user(id:$id){name}}"
    assert document_id_of(short) == "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"


def test_an_editors_blank_space_does_not_change_the_identifier() -> None:
    assert source_of("query A {\r\n  viewer { kind }\r\n}\r\n") == "query A {\n  viewer { kind }\n}"


def test_a_document_says_in_words_what_it_reads_and_changes() -> None:
    found = check(
        schema=executable(),
        limits=LIMITS,
        source="mutation Take($input: CancelCaseInput!) { cancelCase(input: $input) {"
        " case { id caseNo payment { amount } } userErrors { message } } }",
    )
    assert (found.name, found.kind, found.points_max) == ("Take", "mutation", 22)
    assert found.described.fields == (
        "CancelCasePayload.case",
        "CancelCasePayload.userErrors",
        "Case.caseNo",
        "Case.id",
        "Case.payment",
        "Mutation.cancelCase",
        "Payment.amount",
        "UserError.message",
    )
    assert found.described.rights == ("CITIZEN", "CITIZEN_OR_DESK", "OWNER_OR_DESK")
    assert found.described.sentences == (
        "办理：撤销申请，限已登录的市民，会更改数据。",
        "读取“办件”的全局编号、办件编号，限本人和有权查看该办件的工作人员。",
        "读取“支付”的支付金额，限已登录的市民和有权查看办件的工作人员。",
        "读取“不予受理的原因”的提示语，限任何人。",
    )
    assert not found.described.public


def test_an_object_behind_an_interface_counts_with_every_guard_it_may_have() -> None:
    found = check(schema=executable(), source='query N { node(id: "x") { id } }', limits=LIMITS)
    assert "Node.id" in found.described.fields
    assert {"OWNER", "OWNER_OR_DESK"} <= set(found.described.rights)


def test_a_document_for_everybody_is_known_as_such() -> None:
    found = check(schema=executable(), source="query S { serviceItems { code name } }", limits=LIMITS)
    assert (found.described.public, found.described.rights) == (True, ())


def test_every_guard_has_words() -> None:
    names = {guard_of(field).name for _, _, field in guarded_fields(executable())}
    assert names <= set(WHO), f"schema/trusted/describing.py lacks words for {sorted(names - set(WHO))}"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "语法|有误"),
        ("query A { nothing }", "nothing"),
        ("{ viewer { kind } }", "具名操作"),
        ("query A { viewer { kind } } query B { viewer { kind } }", "具名操作"),
        ("fragment F on Viewer { kind }", "有误"),
        ("query A { __schema { types { name } } }", "自省"),
        ("query A { viewer { ...F } } fragment F on Viewer { ...F }", "有误"),
        ("query A { " + "viewer { kind } " * 21 + "}", "最多20项"),
        ("query A($n: Int!) { cases(first: $n) { edges { node { " + "history { seq } " * 12 + "} } } }", "最高代价"),
        ("query A($n: Int!) { reviewQueue(first: $n) { edges { node { "
         + " ".join(f"a{i}: history {{ seq }}" for i in range(6)) + " } } } }", "最高代价"),
    ],
)  # fmt: skip
def test_a_document_unfit_to_be_registered(source: str, told: str) -> None:
    with pytest.raises(DocumentFault, match=told):
        check(schema=executable(), source=source, limits=LIMITS)


def test_what_a_request_may_not_ask_is_not_registered_either() -> None:
    with pytest.raises(DocumentFault, match="最多2层"):
        check(
            schema=executable(),
            source="query A { accounts { entries { totalCount } } }",
            limits=replace(LIMITS, depth_max=2),
        )


def folder(path: Path, *, service: str = "service: web_page\nchannels: [web_portal]\n", **files: str) -> Path:
    (path / "service.yaml").write_text(service, "utf-8")
    for name, text in files.items():
        (path / f"{name}.graphql").write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("", "应写明service和channels"),
        ("[]", "应写明service和channels"),
        ("service: web_page\n", "应写明service和channels"),
        ("service: web_page\nchannels: [web_portal]\nrights: [all]\n", "应写明service和channels"),
        ("service: Web Page\nchannels: [web_portal]\n", "小写字母"),
        ("service: web_page\nchannels: web\n", "名称的列表"),
        ("service: web_page\nchannels: []\n", "不存在"),
        ("service: web_page\nchannels: [web_portal, fax]\n", "fax不存在"),
        ("service: web_page\nchannels: [unknown]\n", "unknown不存在"),
        ("service: web_page\nchannels: [web_portal]\nanyone: [Nothing]\n", "Nothing没有对应的文件"),
        ("service: web_page\nchannels: [web_portal]\nwithout: [Nothing]\n", "Nothing不在共用的文件夹中"),
        ("service: [\n", "不是有效的YAML"),
    ],
)
def test_a_folder_that_says_something_else(tmp_path: Path, service: str, told: str) -> None:
    with pytest.raises(FolderFault, match=told):
        read_folder(folder(tmp_path, service=service))


def test_a_folder_without_its_service(tmp_path: Path) -> None:
    with pytest.raises(FolderFault, match=r"没有service\.yaml"):
        read_folder(tmp_path)


def test_all_faults_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    files = {"A": "query B { viewer { kind } }", "C": "query C { nothing }", "D": "query D { viewer { kind } }"}
    with pytest.raises(CommandFailure) as failure:
        checked(folder(tmp_path, **files))
    assert "A.graphql：文件名应与操作名一致，请改名为B.graphql。" in str(failure.value)
    assert "C.graphql：查询语句有误" in str(failure.value)
    assert "D.graphql" not in str(failure.value)


def test_personal_data_are_not_granted_to_anybody(tmp_path: Path) -> None:
    said = "service: web_page\nchannels: [web_portal]\nanyone: [Mine]\n"
    with pytest.raises(CommandFailure, match=r"Mine\.graphql：列在anyone中，但含有须登录才能读取的内容"):
        checked(folder(tmp_path, service=said, Mine="query Mine { accounts { id } }"))


def test_a_map_that_was_not_renewed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import ops.dev.documents

    place = Path(ops.dev.documents.CHECKOUT) / ".data" / "map-test.js"
    said = f"service: web_page\nchannels: [web_portal]\nmap: {place}\n"
    made = folder(tmp_path, service=said, GetKind="query GetKind { viewer { kind } }")
    with pytest.raises(CommandFailure, match="out of date"):
        _check([made])
    assert "权限：无须登录" in capsys.readouterr().out
    ((document, channels),) = checked(made)[1]
    assert channels == {"web_portal"}
    assert written_map([document]).splitlines()[-1] == f'export const GET_KIND = "{document.document_id}";'


def settings(**changes: Any) -> Settings:
    return Settings(database_url="postgresql://x/y", redis_url="redis://x/0", **changes)


def test_production_runs_registered_documents_only() -> None:
    assert a_fit_production().runs_trusted_only
    assert not settings().runs_trusted_only
    assert settings(trusted_documents_only=True).runs_trusted_only
    opened = a_fit_production(trusted_documents_only=False)
    assert opened.refusals_for_production() == [
        "未登记的GraphQL文档可以执行，请删除 HPF_TRUSTED_DOCUMENTS_ONLY=false。"
    ]


def test_a_service_shares_the_operations_of_another(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder, name in ((own, "Mine"), (other, "Theirs")):
        folder.mkdir()
        (folder / f"{name}.graphql").write_text(f"query {name} {{ viewer {{ kind }} }}\n", "utf-8")
    said = "service: mine\nchannels: [web_portal]\nanyone: [Theirs]\nshares: [../other]\n"
    (own / "service.yaml").write_text(said, "utf-8")
    assert list(read_folder(own).sources) == ["Mine.graphql", "Theirs.graphql"]
    (own / "service.yaml").write_text(said.replace("anyone: [Theirs]", "without: [Theirs]"), "utf-8")
    assert list(read_folder(own).sources) == ["Mine.graphql"]
    (own / "service.yaml").write_text(said, "utf-8")
    (own / "Theirs.graphql").write_text("query Theirs { viewer { name } }\n", "utf-8")
    with pytest.raises(FolderFault, match="共用的文件夹中已有"):
        read_folder(own)
    (own / "service.yaml").write_text(said.replace("../other", "../nowhere"), "utf-8")
    with pytest.raises(FolderFault, match="不是文件夹"):
        read_folder(own)
