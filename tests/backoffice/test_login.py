"""The door: password and one-time code, lock-out, idle time-out, forms of others."""

import httpx
import pytest

from tests.backoffice import city

pytestmark = pytest.mark.requirement("N6")


async def test_login_opens_the_front_page(new_browser) -> None:
    browser = new_browser()
    page = await browser.sign_in("li.min")
    assert page.status_code == 200
    assert page.url.path == "/backoffice/"
    assert "李敏" in page.text and "今日受理" in page.text


async def test_the_cookie_is_for_this_site_and_no_script(new_browser) -> None:
    browser = new_browser()
    page = await browser.sign_in("li.min")
    cookies = [line for line in page.history[0].headers.get_list("set-cookie") if line.startswith("hpf_desk=")]
    assert len(cookies) == 1
    assert all(mark in cookies[0] for mark in ("HttpOnly", "SameSite=strict", "Secure", "Path=/backoffice"))


async def test_pages_carry_a_strict_policy_and_are_not_stored(new_browser) -> None:
    page = await new_browser().open("/backoffice/login")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"


async def test_pages_hold_no_inline_script_or_style(signed_in, clock) -> None:
    await city.apply("chen", clock.now)
    browser = await signed_in("zhao.gang")
    for path in ("/backoffice/", "/backoffice/cases", "/backoffice/catalogue", "/backoffice/books"):
        page = await browser.open(path)
        assert page.status_code == 200
        assert "<style" not in page.text and " style=" not in page.text and "onclick" not in page.text
        assert "<script>" not in page.text and "https://" not in page.text and "//kozea" not in page.text


@pytest.mark.parametrize("wrong", ["login", "password", "code"])
async def test_every_wrong_login_is_answered_in_the_same_words(new_browser, desk_city, clock, wrong: str) -> None:
    browser = new_browser()
    given = {"login": "li.min", "password": city.PASSWORD, "code": city.code_of("li.min", clock.now)}
    given[wrong] = {"login": "nobody", "password": "Wrong-password-1", "code": "000000"}[wrong]
    page = await browser.submit(await browser.open("/backoffice/login"), "/backoffice/login", **given)
    assert page.status_code == 401
    assert "用户名、密码或动态口令不正确，或账户已暂时锁定" in page.text
    assert "Wrong-password-1" not in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM login_session") == 0


async def test_five_failures_lock_the_account_for_a_while(new_browser, desk_city, clock) -> None:
    browser = new_browser()
    for _ in range(5):
        assert (await browser.sign_in("li.min", password="Wrong-password-1")).status_code == 401
    assert (await browser.sign_in("li.min")).status_code == 401
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'login.locked'") == 1
    clock.pass_(minutes=16)
    assert (await browser.sign_in("li.min")).url.path == "/backoffice/"


async def test_a_code_opens_once(new_browser) -> None:
    assert (await new_browser().sign_in("li.min")).status_code == 200
    assert (await new_browser().sign_in("li.min")).status_code == 401


async def test_without_login_a_page_leads_to_the_door_and_back(new_browser) -> None:
    browser = new_browser()
    page = await browser.open("/backoffice/cases?flagged=yes")
    assert page.url.path == "/backoffice/login"
    page = await browser.sign_in("li.min", path=str(page.url.raw_path, "ascii"))
    assert page.url.path == "/backoffice/cases" and page.url.params["flagged"] == "yes"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/backoffice/",
        "/backoffice/\\evil",
        "/other",
        "/backoffice/login",
    ],
)
async def test_login_leads_nowhere_else(new_browser, wanted: str) -> None:
    browser = new_browser()
    page = await browser.open("/backoffice/login", params={"next": wanted})
    assert 'name="next" value="/backoffice/"' in page.text


async def test_idle_time_ends_the_session_and_says_so(signed_in, clock) -> None:
    browser = await signed_in("li.min")
    clock.pass_(minutes=15)
    page = await browser.open("/backoffice/cases")
    assert page.url.path == "/backoffice/login"
    assert "登录已结束或长时间未操作" in page.text


async def test_a_form_after_the_time_out_says_that_nothing_happened(signed_in, clock, desk_city) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    token = browser.csrf
    clock.pass_(minutes=20)
    page = await browser.post(f"/backoffice/cases/{case.case_no}/claim", token)
    assert page.url.path == "/backoffice/login" and "刚才的提交没有生效" in page.text
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None


async def test_logout_ends_the_session_at_once(signed_in) -> None:
    browser = await signed_in("li.min")
    cookie = browser.client.cookies["hpf_desk"]
    page = await browser.submit(await browser.open("/backoffice/"), "/backoffice/logout")
    assert page.url.path == "/backoffice/login" and "您已安全退出" in page.text
    browser.client.cookies.set("hpf_desk", cookie, domain="desk.example", path="/backoffice")
    assert (await browser.open("/backoffice/")).url.path == "/backoffice/login"


async def test_an_expired_password_leads_to_the_password_page_only(new_browser, desk_city, clock) -> None:
    await desk_city.execute("UPDATE staff SET password_changed_at = '2026-01-01' WHERE login = 'li.min'")
    browser = new_browser()
    page = await browser.sign_in("li.min")
    assert page.url.path == "/backoffice/password" and "您的密码已到期" in page.text
    assert (await browser.open("/backoffice/cases")).url.path == "/backoffice/password"
    weak = await browser.submit(page, "/backoffice/password", old=city.PASSWORD, new="short", again="short")
    assert weak.status_code == 422 and "密码应为" in weak.text
    other = await browser.submit(page, "/backoffice/password", old=city.PASSWORD, new="Another-horse-8", again="x")
    assert other.status_code == 422 and "两次输入的新密码不一致" in other.text
    done = await browser.submit(
        page, "/backoffice/password", old=city.PASSWORD, new="Another-horse-8", again="Another-horse-8"
    )
    assert "密码已修改" in done.text
    clock.pass_(seconds=60)
    assert (await browser.sign_in("li.min", password="Another-horse-8")).url.path == "/backoffice/"


@pytest.mark.parametrize("token", [{}, {"csrf": ""}, {"csrf": "0" * 64}])
async def test_a_form_without_our_token_is_refused(signed_in, desk_city, clock, token) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await browser.post(f"/backoffice/cases/{case.case_no}/claim", token)
    assert page.status_code == 403 and "页面已过期" in page.text
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None
    refused = await desk_city.fetchrow("SELECT * FROM audit_event WHERE action = 'page.refused'")
    assert refused["actor_name"] == "李敏" and "desk.form_expired" in refused["detail"]


async def test_the_token_of_another_session_is_refused(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    theirs, ours = await signed_in("wang.fang"), await signed_in("li.min")
    page = await ours.post(f"/backoffice/cases/{case.case_no}/claim", theirs.csrf)
    assert page.status_code == 403
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None


async def test_the_login_form_needs_its_own_page(new_browser, desk_city, clock) -> None:
    fields = {"login": "li.min", "password": city.PASSWORD, "code": city.code_of("li.min", clock.now)}
    page = await new_browser().post("/backoffice/login", fields)
    assert page.status_code == 403
    assert await desk_city.fetchval("SELECT count(*) FROM login_session") == 0


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"login": "li.min"}', "application/json"),
        (b"login=%FF%FE", "application/x-www-form-urlencoded"),
        (b"login=a&login=b", "application/x-www-form-urlencoded"),
        (b"login=" + b"x" * 40_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % number for number in range(60)), "application/x-www-form-urlencoded"),
    ],
)
async def test_malformed_forms_are_refused(new_browser, body: bytes, media_type: str) -> None:
    page = await new_browser().client.post("/backoffice/login", content=body, headers={"content-type": media_type})
    assert page.status_code == 400 and "提交的内容无法识别或过长" in page.text


async def test_static_files_are_kept_for_long_and_named_by_content(new_browser) -> None:
    browser = new_browser()
    page = await browser.open("/backoffice/login")
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    sheet: httpx.Response = await browser.open(style)
    assert sheet.status_code == 200 and "immutable" in sheet.headers["cache-control"]
    assert (await browser.open("/backoffice/static/desk.0000000000000000.css")).status_code == 404
