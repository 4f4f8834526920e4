"""The store's page on a phone: what can wait is folded up, and nothing is wider than the screen."""

from collections.abc import Iterator

import pytest

from tests.store.scripted import in_front_of
from tests.web.conftest import Browser
from tests.web.shop import AT_ENTRY, Shop

HEIGHTS = {
    "receipts": "document.querySelector('.panel-slips').offsetHeight",
    "page": "document.documentElement.scrollHeight",
}
SIZE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture
def phone(browser: Browser, page: Browser) -> Iterator[Browser]:
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
    browser.driver.refresh()
    browser.until(lambda: browser.count(".lane") > 0)
    yield page
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def shows(phone: Browser, selector: str) -> bool:
    return bool(phone.value(f"document.querySelector('{selector}').checkVisibility({{contentVisibilityAuto: true}})"))


def buy(shop: Shop, name: str, lane: int, weight_g: float) -> str:
    session = shop.enter(name, f"token-{name}")
    shop.walk(name, AT_ENTRY, in_front_of(lane))
    shop.take(name, lane, weight_g)
    shop.leave(name, in_front_of(lane))
    return session


def test_a_receipt_is_one_line_until_it_is_touched(shop: Shop, phone: Browser) -> None:
    slip = f".slip[data-session={buy(shop, 'reader', 1, 350.2)}]"
    phone.until(lambda: phone.count(slip) == 1)
    assert int(str(phone.value(f"document.querySelector('{slip}').offsetHeight"))) < 50
    assert (shows(phone, f"{slip} .sum"), shows(phone, f"{slip} small")) == (True, False)
    assert phone.text(f"{slip} .sum") == "€1.20"
    phone.click(f"{slip} summary")
    phone.until(lambda: shows(phone, f"{slip} small") and not shows(phone, f"{slip} .sum"))


def test_a_shelf_is_one_row_and_nothing_is_wider_than_the_screen(phone: Browser) -> None:
    tops = phone.value("[...document.querySelectorAll('.lane')].map((lane) => lane.offsetTop)")
    assert isinstance(tops, list) and len(tops) > 3 and len(set(tops)) == 1
    assert phone.value("document.documentElement.scrollWidth") == SIZE["width"]


def test_however_much_happens_the_page_stays_short(shop: Shop, phone: Browser) -> None:
    sessions = [buy(shop, f"many-{i}", 3, 777.0) for i in range(5)]
    phone.until(lambda: all(phone.count(f".question[data-session={s}] .choice") for s in sessions))
    screens = {name: float(str(phone.value(f"{height} / innerHeight"))) for name, height in HEIGHTS.items()}
    assert screens["receipts"] < 1.5 and screens["page"] < 4
    for session in sessions:
        phone.click(f".question[data-session={session}] .choice")
    phone.until(lambda: phone.count(".question") == 0)
