"""Templates and their texts."""

import pytest

from notifications.rendering import (
    SIGNATURE,
    Template,
    TemplateError,
    read_template,
    render,
    template,
    templates,
    variables_of,
)

EVERY = [version for _, versions in sorted(templates().items()) for _, version in sorted(versions.items())]

FILE = """
code: test.paid
version: 1
lane: business
text: "已付{amount}。"
variables: [amount]
approved_by: 尚待审定
sample: {amount: "1.00元"}
"""


def test_the_spine_has_its_templates() -> None:
    assert set(templates()) >= {
        "withdrawal.submitted",
        "withdrawal.preliminary_passed",
        "withdrawal.returned",
        "withdrawal.refused",
        "withdrawal.cancelled",
        "withdrawal.paid",
        "withdrawal.payment_failed",
        "evaluation.invited",
        "login.new_device",
    }
    assert not template("withdrawal.preliminary_passed").sent_by_default


@pytest.mark.parametrize("each", EVERY, ids=lambda each: f"{each.code}.v{each.version}")
def test_each_sample_renders_and_reads_back(each: Template) -> None:
    rendered = render(template=each, variables=each.sample)
    assert rendered.text.startswith(SIGNATURE)
    assert "{" not in rendered.text
    assert rendered.parts <= 3
    assert variables_of(template=each, text=rendered.text) == each.sample


def test_a_text_is_exactly_this() -> None:
    rendered = render(
        template=template("withdrawal.preliminary_passed", version=1),
        variables={"name": "无房租房提取", "case_no": "20261123C200000000001"},
    )
    assert rendered.text == (
        "【北京公积金】您的无房租房提取申请（办件编号20261123C200000000001）已通过初审，正在复审，请耐心等待。"
    )
    assert rendered.parts == 1


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"case_no": "1", "amount": "2"},
        {"amount": "2"},
        {"case_no": ""},
        {"case_no": "   "},
        {"case_no": "1\n2"},
        {"case_no": "1\x00"},
        {"case_no": "1\u202e2"},
        {"case_no": "1\u200b"},
        {"case_no": "1\u2028"},
        {"case_no": "\ud83d"},
        {"case_no": "1】【某银行】"},
        {"case_no": "长" * 61},
        {"case_no": 1},
    ],
    ids=repr,
)
def test_wrong_variables_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(TemplateError):
        render(template=template("withdrawal.preliminary_passed"), variables={"name": "租房提取", **variables})


def test_a_value_with_braces_stays_text() -> None:
    rendered = render(
        template=template("withdrawal.refused"),
        variables={"name": "租房提取", "case_no": "1", "reason": "{case_no}\\1"},
    )
    assert "原因：{case_no}\\1。" in rendered.text


def test_the_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(TemplateError) as raised:
        render(template=template("login.new_device"), variables={"at": "x", "device": "秘密\n"})
    assert "秘密" not in str(raised.value)


def test_unknown_templates_and_versions_are_refused() -> None:
    with pytest.raises(TemplateError, match="no template"):
        template("withdrawal.unheard")
    with pytest.raises(TemplateError, match="no version 99"):
        template("withdrawal.paid", version=99)


def test_a_text_of_another_template_is_refused() -> None:
    with pytest.raises(TemplateError, match="not of version 1"):
        variables_of(template=template("withdrawal.paid"), text=SIGNATURE + "您好")


@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("test.paid.v2.yaml", FILE),
        ("test.refused.v1.yaml", FILE),
        ("Test.v1.yaml", FILE),
        ("test.paid.v1.yaml", FILE.replace("variables: [amount]", "variables: [amount, when]")),
        ("test.paid.v1.yaml", FILE.replace("{amount}。", "{amount}{when}")),
        ("test.paid.v1.yaml", FILE.replace("{amount}。", "{amount!r}")),
        ("test.paid.v1.yaml", FILE.replace("已付", "【某银行】已付")),
        ("test.paid.v1.yaml", FILE.replace("lane: business", "lane: fastest")),
        ("test.paid.v1.yaml", FILE.replace("approved_by: 尚待审定", "")),
        ("test.paid.v1.yaml", FILE + "price: 1\n"),
        ("test.paid.v1.yaml", FILE.replace('"1.00元"', '""')),
        ("test.paid.v1.yaml", "- not a template"),
    ],
)
def test_a_malformed_file_is_refused(file_name: str, content: str) -> None:
    read_template(file_name="test.paid.v1.yaml", content=FILE)
    with pytest.raises(TemplateError):
        read_template(file_name=file_name, content=content)
