import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.shop import DEADLINE_S, Shop

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync --window-size=1440,900"
)


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """One per process, as NiceGUI has it; every test brings its own shoppers, and sends them out again."""
    shop = Shop()
    yield shop
    shop.close()


class Browser:
    """The page in a real browser, asked through JavaScript: what is drawn anew meanwhile is no trouble then."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def texts(self, selector: str) -> list[str]:
        """What can be read in every element that fits."""
        return list(
            self.driver.execute_script(
                "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText ?? e.textContent)", selector
            )
        )

    def text(self, selector: str) -> str:
        return "\n".join(self.texts(selector))

    def count(self, selector: str) -> int:
        return len(self.texts(selector))

    def click(self, selector: str) -> None:
        self.until(lambda: self.count(selector) > 0)
        self.driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def value(self, script: str) -> object:
        return self.driver.execute_script(f"return {script}")

    def complaints(self) -> list[str]:
        """Errors since the last time that this was asked."""
        entries = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def until(self, holds: Callable[[], object]) -> None:
        WebDriverWait(self.driver, DEADLINE_S, poll_frequency=0.05).until(
            lambda _: holds(), f"The page shows:\n{self.text('body')}"
        )


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile: Path = tmp_path_factory.mktemp("profile")
    for argument in (*QUIET.split(), f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def page(shop: Shop, browser: Browser) -> Iterator[Browser]:
    """The shop's page, freshly opened; whatever the browser complains of fails the test."""
    browser.driver.get(f"http://127.0.0.1:{shop.port}/")
    browser.until(lambda: browser.count(".lane") == len(shop.store.lanes))
    yield browser
    assert browser.complaints() == []
