"""The store's page as somebody in front of a browser sees it."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.store.scripted import in_front_of
from tests.web.conftest import Browser
from tests.web.shop import AT_ENTRY, MARKUP, Shop
from wire.messages import Reading


def test_the_floor_shows_plates_gates_and_whoever_walks_there(shop: Shop, page: Browser) -> None:
    assert page.count(".plate") == 4
    assert page.texts(".gate text") == ["entry", "exit"]
    session = shop.enter("walker", "token-walker")
    dot = f".dot[data-session={session}]"
    page.until(lambda: page.text(dot) == session)
    before = page.value(f"document.querySelector('{dot}').style.transform")
    shop.walk("walker", AT_ENTRY, in_front_of(2))
    page.until(lambda: page.value(f"document.querySelector('{dot}').style.transform") == "translate(140px, 35px)")
    assert before == "translate(-90px, 200px)"
    shop.leave("walker", in_front_of(2))
    page.until(lambda: page.count(dot) == 0)


def test_a_cart_grows_and_becomes_a_receipt_that_says_why(shop: Shop, page: Browser) -> None:
    session = shop.enter("buyer", "token-buyer")
    cart, slip = f".cart[data-session={session}]", f".slip[data-session={session}]"
    page.until(lambda: "Nothing taken yet" in page.text(cart))
    shop.walk("buyer", AT_ENTRY, in_front_of(1))
    shop.take("buyer", 1, 350.4)
    page.until(lambda: page.text(".took text") == "−350 g")
    page.until(lambda: "Cola" in page.text(f"{cart} .line"))
    assert page.text(f"{cart} .price") == page.text(f"{cart} footer b") == "€1.20"
    shop.leave("buyer", in_front_of(1))
    page.until(lambda: page.count(slip) == 1 and page.count(cart) == 0)
    assert page.text(f"{slip} small").startswith("lane 1-1-1 lost 350 ± 0.5 g at ")
    assert page.text(f"{slip} small").endswith("while only you were within reach")
    assert page.text(f"{slip} footer b") == "€1.20"


def test_an_unsure_cart_is_asked_about_and_answered_on_the_page(shop: Shop, page: Browser) -> None:
    session = shop.enter("riddle", "token-riddle")
    question, slip = f".question[data-session={session}]", f".slip[data-session={session}]"
    shop.walk("riddle", AT_ENTRY, in_front_of(3))
    shop.take("riddle", 3, 777.0)
    shop.leave("riddle", in_front_of(3))
    page.until(lambda: page.count(f"{question} .choice") > 0)
    assert "lane 1-1-3 lost 777 ± 0.5 g" in str(page.value(f"document.querySelector('{question}').textContent"))
    page.driver.execute_script(f"window.kept = document.querySelector('{question} .choice')")
    page.click(f"{question} .choice")
    page.until(lambda: page.count(question) == 0 and page.count(slip) == 1)
    assert f"{session}: thank you" in page.text(".q-notification")
    page.driver.execute_script("window.kept.disabled = false; window.kept.click()")
    page.until(lambda: f"{session}: no such question is open" in page.text(".q-notification.unwell"))


def test_of_two_whose_carts_hang_together_one_question_is_shown_which_says_so(shop: Shop, page: Browser) -> None:
    spots = {"one": (1.2, -0.35), "other": (1.6, -0.35)}
    one = shop.enter("one", "token-one")
    shop.walk("one", AT_ENTRY, spots["one"])
    other = shop.enter("other", "token-other")
    shop.walk("other", AT_ENTRY, spots["other"], {"one": spots["one"]})
    for _ in range(6):
        shop.stand(spots)
    shop.says("shelf", shop.lost(2, 350.9))
    shop.leave("one", spots["one"], {"other": spots["other"]})
    shop.leave("other", spots["other"])
    question = f".question[data-session={one}]"
    page.until(lambda: page.text(f"{question} .waits") == f"What {other} took hangs on this, too.")
    assert page.count(".question") == 1 and page.count(f".cart[data-session={other}]") == 0
    page.click(f"{question} .choice")
    page.until(lambda: page.count(".question") == 0 and page.count(f".slip[data-session={other}]") == 1)


def test_a_question_says_on_what_each_of_its_answers_rests(shop: Shop, page: Browser) -> None:
    session = shop.enter("doubt", "token-doubt")
    question = f".question[data-session={session}]"
    shop.walk("doubt", AT_ENTRY, in_front_of(1))
    shop.take("doubt", 1, 350.5)
    shop.walk("doubt", in_front_of(1), in_front_of(3))
    shop.take("doubt", 3, 777.0)
    page.until(lambda: "something unknown" in page.text(f".cart[data-session={session}]"))
    shop.leave("doubt", in_front_of(3))
    page.until(lambda: page.count(f"{question} .choice") > 1)
    assert "They took 1 × something unknown. And besides?" in page.text(question)
    seen = page.texts(f"{question} .seen p")
    assert [what.split()[:4] for what in seen] == [["[1]", "lane", "1-1-1", "lost"], ["[2]", "lane", "1-1-3", "lost"]]
    answers = page.texts(f"{question} .choice .what")[:2]
    assert {answer.split()[2] for answer in answers} == {"Cola", "Tonic"}
    assert all(answer.endswith("[1] [2]") for answer in answers)
    page.click(f"{question} .choice")
    page.until(lambda: page.count(question) == 0)


def test_what_somebody_misplaced_is_a_task_for_staff_until_it_is_taken_away(shop: Shop, page: Browser) -> None:
    shop.enter("sloven", "token-sloven")
    shop.walk("sloven", AT_ENTRY, in_front_of(4))
    shop.take("sloven", 4, 538.0)
    shop.walk("sloven", in_front_of(4), in_front_of(2))
    shop.take("sloven", 2, -538.0)
    page.until(lambda: "lies on lane 1-1-2: bring it back to 1-1-4" in page.text(".task.misplaced"))
    assert page.text(".task .tag") == "misplaced"
    assert page.text(".panel-tasks h2") == "For staff\n1 to do"
    shop.take("sloven", 2, 538.0)
    page.until(lambda: page.count(".task") == 0 and "Water" in page.text(".cart"))
    shop.leave("sloven", in_front_of(2))


def test_a_lane_says_its_grams_or_why_it_cannot(shop: Shop, page: Browser) -> None:
    shop.beat("shelf", {"1-1-1": Reading(value=8_412.4), "1-1-2": Reading(value=None, fault="DOUT stays high")})
    page.until(lambda: page.text("[data-lane='1-1-1'] b") == "8\u202f412 g")
    assert page.text("[data-lane='1-1-2'].trouble b") == "DOUT stays high"
    assert page.text("[data-lane='1-1-3'].trouble b") == "no node"
    assert page.count(".plate.trouble") == 3
    shop.beat("shelf", {lane.id: Reading(value=8_400.4) for lane in shop.store.lanes})
    page.until(lambda: page.count(".plate.trouble") == 0)


def test_product_names_stay_text(page: Browser) -> None:
    assert page.text("[data-lane='1-1-4'] .product") == MARKUP
    assert page.count(".board script") == 0
    assert page.value("window.broken === undefined")


def test_a_click_on_a_lane_presses_its_plate_and_cannot_be_repeated_until_it_is_done(shop: Shop, page: Browser) -> None:
    lane = "[data-lane='1-1-2']"
    page.click(lane)
    page.until(lambda: ("press", "1-1-2") in shop.controls.asked)
    assert page.count(f"{lane}:disabled") == 1
    shop.call(shop.controls.let_go.set)
    page.until(lambda: "A hand presses lane 1-1-2" in page.text(".q-notification"))
    page.until(lambda: page.count(f"{lane}:enabled") == 1)


def test_a_shopper_is_sent_in_with_the_chosen_behaviour(shop: Shop, page: Browser) -> None:
    page.click(".behaviour input, .behaviour .q-field__native")
    page.until(lambda: "take, look, put back" in page.text(".behaviours"))
    page.click(".behaviours .q-item:nth-child(2)")
    page.until(lambda: "take back" in page.text(".behaviour .q-field__native"))
    page.click(".bar .primary")
    page.until(lambda: "A shopper is on the way: take, look, put back" in page.text(".q-notification"))
    assert shop.controls.asked[-1] == ("send", "take_back")


def test_a_control_that_is_refused_says_why(page: Browser) -> None:
    page.click(".bar .q-btn:not(.primary)")
    page.until(lambda: "Nobody is on the floor" in page.text(".q-notification.unwell"))


def test_a_plug_can_be_pulled_and_put_back(shop: Shop, page: Browser) -> None:
    shop.beat("shelf", {}, {})
    plug = "[data-node=shelf] .plug"
    page.click(plug)
    page.until(lambda: page.text(plug) == "Plug in" and page.count(f"{plug}:enabled") == 1)
    assert shop.controls.plugged == {"shelf": False}
    page.click(plug)
    page.until(lambda: page.text(plug) == "Pull plug")
    assert shop.controls.plugged == {"shelf": True}


def test_a_node_shows_what_is_wrong_with_its_lanes_together_and_not_what_is_usual(shop: Shop, page: Browser) -> None:
    one, two = (lane.id for lane in shop.hub.store.lanes[:2])
    counters = {f"{one}_samples": 960, f"{two}_samples": 960, f"{one}_wrong_reads": 60, f"{two}_wrong_reads": 40}
    shop.beat("shelf", {}, {**counters, f"{one}_faults": 3})
    page.until(lambda: page.text("[data-node=shelf] .chip") == "100 wrong reads")
    assert page.count("[data-node=shelf] .chip") == 1


def test_the_feed_sends_what_is_new_and_never_a_credential(shop: Shop) -> None:
    address = f"127.0.0.1:{shop.port}"
    with connect(f"ws://{address}/feed", origin=Origin(f"http://{address}")) as feed:
        everything = [str(feed.recv(5)), str(feed.recv(5))]
        session = shop.enter("private", "token-private")
        news = [str(feed.recv(5))]
        shop.walk("private", AT_ENTRY, in_front_of(2))
        shop.take("private", 2, 351.0)
        shop.leave("private", in_front_of(2))
        while session not in [slip["session"] for slip in json.loads(news[-1]).get("slips", ())]:
            news.append(str(feed.recv(5)))
    assert {"plan", "people", "carts", "lanes", "slips"} <= {name for said in everything for name in json.loads(said)}
    assert {"now_s", "people"} <= set(json.loads(news[0]))
    assert not {"plan", "lanes"} & set(json.loads(news[0]))
    assert not any("token-" in said for said in everything + news)


def test_pages_of_other_sites_cannot_read_the_feed(shop: Shop) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{shop.port}/feed", origin=Origin("http://elsewhere.example"))
