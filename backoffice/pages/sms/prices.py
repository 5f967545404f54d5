"""价格与号段: carriers' prices by date and tier, and our own number ranges before the library's."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import day_field
from backoffice.pages.sms.shared import MONEY, OPERATE, PATH, READ, known_carriers, show
from domain.kernel import database
from domain.kernel.refusal import Refusal, Refused
from notifications import desk as sms
from notifications import pricing
from notifications.pricing import BASIS_NAMES, TIERING_NAMES, Contract, Tier
from notifications.refusals import CARRIER_UNKNOWN, PRICES_MALFORMED, RANGES_MALFORMED

LIST = f"{PATH}/prices"
RANGE_BYTES_MAX = 8 * 1024 * 1024
TIERS_MAX = 20
_SHOWN_RANGES = 20


async def prices(desk: Desk) -> Response:
    return await _prices(desk)


async def _prices(desk: Desk, *, refused: Refused | None = None) -> Response:
    contracts = await pricing.contracts()
    notices = {"registered": "价格已登记。", "ranges": "号段已导入，数秒内用于路由。"}
    return show(
        desk,
        "sms_prices.html",
        refused=refused,
        contracts=[
            (one, pricing.in_force(contracts, carrier=one.carrier, day=desk.business_date) is one)
            for one in reversed(contracts)
        ],
        carriers=await known_carriers(),
        basis_names=BASIS_NAMES,
        tiering_names=TIERING_NAMES,
        milli_text=pricing.milli_text,
        range_count=await database.value("SELECT count(*) FROM sms_number_range"),
        ranges=await database.rows(
            "SELECT prefix, region, source, changed_at FROM sms_number_range ORDER BY changed_at DESC, prefix LIMIT $1",
            _SHOWN_RANGES,
        ),
        today=desk.business_date,
        notice=notices.get(desk.query.get("done", "")),
    )


async def register(desk: Desk) -> Response:
    try:
        await pricing.register(actor=desk.actor, contract=await _contract(desk), now=desk.now)
    except Refused as refused:
        return await _prices(desk, refused=refused)
    return redirect(f"{LIST}?done=registered")


async def _contract(desk: Desk) -> Contract:
    form, problems = desk.form, list[Refusal]()
    carrier = form.get("carrier", "")
    if carrier not in await known_carriers():
        problems.append(CARRIER_UNKNOWN())
    valid_from = day_field(form, "valid_from", problems)
    if valid_from is None:
        problems.append(PRICES_MALFORMED.on("valid_from", why="请填写生效日期"))
    if problems:
        raise Refused(*problems)
    assert valid_from is not None
    return Contract(
        carrier=carrier,
        valid_from=valid_from,
        basis=form.get("basis", ""),  # type: ignore[arg-type]
        tiering=form.get("tiering", ""),  # type: ignore[arg-type]
        source=form.get("source", "").strip()[:80],
        tiers=_tiers(form.get("prices", "")),
    )


def _tiers(text: str) -> tuple[Tier, ...]:
    """A line a tier: 起始条数 单价. Raises Refused with the line that is wrong."""
    tiers = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        words = line.replace("，", " ").replace(",", " ").split()
        if number > TIERS_MAX or len(words) != 2 or not (words[0].isascii() and words[0].isdigit()):
            raise Refused(PRICES_MALFORMED(why=f"第{number}档应为“起始条数 单价（元）”"))
        try:
            price = pricing.parse_price(words[1])
        except ValueError:
            raise Refused(PRICES_MALFORMED(why=f"第{number}档的单价应为最多五位小数的数字")) from None
        if len(words[0]) > 12:
            raise Refused(PRICES_MALFORMED(why=f"第{number}档的起始条数过大"))
        tiers.append(Tier(from_parts=int(words[0]), price_milli=price))
    return tuple(tiers)


async def ranges(desk: Desk) -> Response:
    try:
        if desk.file is None:
            raise Refused(RANGES_MALFORMED(line=1, why="没有选择文件"))
        await sms.load_ranges(
            actor=desk.actor, content=desk.file.content, source=desk.form.get("source", ""), now=desk.now
        )
    except Refused as refused:
        return await _prices(desk, refused=refused)
    return redirect(f"{LIST}?done=ranges")


PAGES = (
    DeskPage(LIST, READ, prices),
    DeskPage(f"{LIST}/register", MONEY, register, "POST"),
    DeskPage(f"{LIST}/ranges", OPERATE, ranges, "POST", RANGE_BYTES_MAX),
)
