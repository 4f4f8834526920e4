"""Somebody is asked what was taken, and it is none of the carts that they are shown."""

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from hub.core.decide import SAID
from tests.store.scripted import CHIPS, COLA, in_front_of
from tests.web.conftest import Browser
from tests.web.shop import AT_ENTRY, Shop


def ask(shop: Shop, page: Browser, name: str) -> tuple[str, str]:
    """A cola, or a tonic, and something unknown. Returns the session, and where its question stands."""
    session = shop.enter(name, f"token-{name}")
    shop.walk(name, AT_ENTRY, in_front_of(1))
    shop.take(name, 1, 350.4)
    shop.walk(name, in_front_of(1), in_front_of(3))
    shop.take(name, 3, 777.0)
    page.until(lambda: "something unknown" in page.text(f".cart[data-session={session}]"))
    shop.leave(name, in_front_of(3))
    question = f".question[data-session={session}]"
    page.until(lambda: page.count(f"{question} .choice") > 1)
    return session, question


def press(page: Browser, *keys: str) -> None:
    ActionChains(page.driver).send_keys(*keys).perform()


def test_a_cart_is_put_together_and_charged_with_the_keyboard_alone(shop: Shop, page: Browser) -> None:
    session, question = ask(shop, page, "typist")
    page.driver.execute_script(f"document.querySelector('{question} summary').focus()")
    press(page, Keys.ENTER)
    page.until(lambda: page.texts(f"{question} .held .what") == ["Cola"])
    press(page, Keys.TAB, Keys.TAB, Keys.ENTER)
    page.until(lambda: page.text(f"{question} .held output") == "2")
    press(page, Keys.TAB, "Chi", Keys.TAB, Keys.SPACE)
    page.until(lambda: page.texts(f"{question} .held .price") == ["€2.40", "€2.00"])
    assert page.text(f"{question} .charge") == "Charge this\n€4.40"
    press(page, Keys.TAB, Keys.ENTER)
    slip = f".slip[data-session={session}]"
    page.until(lambda: page.count(question) == 0 and page.count(slip) == 1)
    assert page.text(f"{slip} footer b") == "€4.40"
    assert page.texts(f"{slip} .line small") == [SAID, SAID]
    assert {line.gtin: line.count for line in shop.hub.settlements[session].receipt.lines} == {COLA: 2, CHIPS: 1}


def test_whoever_took_nothing_is_said_to_have_taken_nothing(shop: Shop, page: Browser) -> None:
    session, question = ask(shop, page, "empty-handed")
    page.click(f"{question} summary")
    page.click(f"{question} .held button")
    page.until(lambda: page.text(f"{question} .charge") == "They took nothing\n€0.00")
    page.click(f"{question} .held button")
    assert page.text(f"{question} .held.none output") == "0", "there is no less than none"
    page.click(f"{question} .charge")
    page.until(lambda: page.text(f".slip[data-session={session}] .empty") == "Took nothing")


def test_what_is_being_put_together_stays_while_the_page_goes_on(shop: Shop, page: Browser) -> None:
    _, question = ask(shop, page, "patient")
    page.click(f"{question} summary")
    page.click(f"{question} .held button:nth-of-type(2)")
    _, other = ask(shop, page, "hasty")
    page.click(f"{other} .choice")
    page.until(lambda: page.count(other) == 0)
    assert page.text(f"{question} .held output") == "2"
    page.click(f"{question} .charge")
    page.until(lambda: page.count(question) == 0)


def test_a_browser_that_sends_no_answer_at_all_is_told_so(shop: Shop, page: Browser) -> None:
    session, question = ask(shop, page, "tinkerer")
    sends = "getElement(Number(arguments[0])).$emit('act', ['answer', arguments[1], arguments[2]])"
    live = str(page.value("document.querySelector('.nicegui-content > div[hidden]').id")).lstrip("c")
    for nonsense, said in (({COLA: "many"}, "this is no answer"), ({"404": 1}, "this store sells no product '404'")):
        page.driver.execute_script(sends, live, session, nonsense)
        page.until(lambda said=said: f"{session}: {said}" in page.text(".q-notification.unwell"))
    page.click(f"{question} .choice")
    page.until(lambda: page.count(question) == 0)
