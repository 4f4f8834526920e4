"""The command line as others script against it: what it prints, writes and exits with."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hw.sim.behaviours import BEHAVIOURS

PLATE = {"gondola": 1, "shelf": 1, "x_m": 0.0, "y_m": 0.0, "z_m": 1.0, "width_m": 0.1, "depth_m": 0.4}
ITEMS = [
    {"gtin": "1", "name": "one", "weight_g": 200.0, "price": 1},
    {"gtin": "2", "name": "two", "weight_g": 350.0, "price": 2},
]
STORE = {
    "name": "tiny",
    "units": "metres, grams",
    "plates": [{**PLATE, "plate": i, "x_m": 0.1 * i} for i in range(1, 7)],
    "products": ITEMS,
}
TAKE = {"t_s": 0.0, "shopper": "A", "action": "take", "gondola": 1, "shelf": 1, "plates": [2], "items": {"1": 1}}
CASE = {"name": "c1", "shoppers": 1, "events": [TAKE], "planogram": {"1": [[1, 1, 2]], "2": [[1, 1, 5]]}}


def aisle(
    *arguments: str, cwd: Path, missing: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, as if the module `missing` were not installed, with variables beside this process's own."""
    hidden = f"import sys; sys.modules[{missing!r}] = None; " if missing else ""
    command = [sys.executable, "-c", f"{hidden}import aisle; aisle.main()", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "store.json").write_text(json.dumps(STORE))
    (tmp_path / "cases.json").write_text(json.dumps([CASE]))
    return tmp_path


def test_simulate_lists_its_behaviours_with_a_sentence_each(tmp_path: Path) -> None:
    done = aisle("simulate", "--list", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(BEHAVIOURS)
    assert all(line.endswith(".") for line in lines)


def test_labelled_visits_become_a_report_of_the_agreed_form(shop: Path) -> None:
    done = aisle("replay", "cases.json", "--store", "store.json", "--seed", "3", "--report", "r.json", cwd=shop)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((shop / "r.json").read_text())
    assert report.keys() == {
        "method", "seed", "cases", "precision", "recall", "f1", "asked_per_1000", "wrong_unasked_per_1000"
    }  # fmt: skip
    (case,) = report["cases"]
    assert case.keys() == {"name", "receipts", "truth", "precision", "recall", "f1", "asked", "seconds"}
    assert case["receipts"] == case["truth"] == {"A": {"1": 1}}
    assert (report["method"], report["seed"], report["f1"]) == ("joint", 3, 1.0)


def test_the_terminal_shows_names_and_the_report_gtins(shop: Path) -> None:
    (shop / "store.json").write_text(
        json.dumps({**STORE, "products": [{**p, "name": f"Tea [{p['gtin']}]"} for p in ITEMS]})
    )
    two = [TAKE, {**TAKE, "t_s": 9.0, "plates": [5], "items": {"2": 1}}]
    (shop / "cases.json").write_text(json.dumps([{**CASE, "events": two}]))
    done = aisle("replay", "cases.json", "--store", "store.json", "--report", "r.json", cwd=shop, COLUMNS="100")
    assert "1 × Tea [1]" in done.stdout and "1 × Tea [2]" in done.stdout
    assert json.loads((shop / "r.json").read_text())["cases"][0]["receipts"] == {"A": {"1": 1, "2": 1}}


def test_simulated_receipts_are_shown_by_name(tmp_path: Path) -> None:
    done = aisle("simulate", "simple", "--visits", "1", cwd=tmp_path, COLUMNS="160")
    assert " × " in done.stdout and "20000000" not in done.stdout


def test_files_of_the_wrong_kind_are_one_line_that_says_what_they_are(shop: Path) -> None:
    done = aisle("replay", "store.json", "--store", "cases.json", cwd=shop)
    assert (done.returncode, done.stdout) == (2, "")
    said = "store.json: a store in JSON where labelled visits are expected: are the two files swapped?\n"
    assert done.stderr == said


def test_the_same_seed_gives_the_same_report_byte_for_byte(shop: Path) -> None:
    for name in ("a.json", "b.json"):
        aisle("replay", "cases.json", "--store", "store.json", "--report", name, cwd=shop)
    assert (shop / "a.json").read_bytes() == (shop / "b.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"items": {"9": 1}}, "cases.json: case c1: event 0: the store sells no product 9"),
        ({"plates": [77]}, "cases.json: case c1: event 0: the store has no plate 1-1-77"),
        ({"surprise": 1}, "surprise"),
        ({"t_s": -1.0}, "t_s"),
    ],
)
def test_a_case_that_cannot_be_played_is_one_line_and_exit_2(shop: Path, change: dict[str, object], said: str) -> None:
    (shop / "cases.json").write_text(json.dumps([{**CASE, "events": [{**TAKE, **change}]}]))
    done = aisle("replay", "cases.json", "--store", "store.json", "--report", "r.json", cwd=shop)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not (shop / "r.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "dance"), "dance: no such behaviour"),
        (("replay", "none.json", "--store", "store.json"), "none.json: no such file"),
        (("replay", "none.ndjson", "--store", "store.json"), "store.json"),
        (("node", "none.toml"), "none.toml: no such file"),
        (("hub", "none.toml"), "none.toml: no such file"),
        (("run", "none.toml"), "none.toml: no such file"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(shop: Path, arguments: tuple[str, ...], said: str) -> None:
    done = aisle(*arguments, cwd=shop)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_an_unknown_key_in_a_node_file_names_file_section_and_key(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(
        '[node]\nname = "g"\nstore = "s"\nrole = "gate"\nstate_dir = "state"\ncolour = "red"\n'
        '[gate]\ngate = "in"\ndirection = "in"\n'
        "pins = {unlock_in = 2, unlock_out = 3, pass_in = 4, pass_out = 5, alarm = 6, fire = 7}\n"
    )
    done = aisle("node", "node.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "node.toml: unknown key `colour` in [node]\n")


def test_a_store_with_a_lane_of_nothing_it_sells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.toml").write_text(
        'name = "s"\nproducts = []\ngates = []\n[[lanes]]\nid = "1-1-1"\nshelf = "1-1"\nposition = 1\n'
        "x_m = 0.0\ny_m = 0.0\nz_m = 1.0\nwidth_m = 0.1\ndepth_m = 0.4\nfacing_deg = 0.0\n"
        'products = ["404"]\n'
    )
    done = aisle("hub", "store.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "store.toml: lane 1-1-1 holds product 404, which is not among [[products]]\n"


def test_a_busy_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = aisle("run", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be served there" in done.stderr and done.stderr.count("\n") == 1


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "day.ndjson").write_text("precious\n")
    done = aisle("record", "day.ndjson", cwd=tmp_path)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (tmp_path / "day.ndjson").read_text() == "precious\n"


@pytest.mark.parametrize(
    "arguments", [("simulate", "simple", "--visits", "1"), ("replay", "cases.json", "--store", "store.json")]
)
@pytest.mark.parametrize("place", ["nowhere/r.json", "cases.json/r.json", "."])
def test_a_report_without_a_place_is_refused_before_the_work(
    shop: Path, arguments: tuple[str, ...], place: str
) -> None:
    done = aisle(*arguments, "--report", place, cwd=shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{place}: no report can be written there" in done.stderr and done.stderr.count("\n") == 1


def test_a_store_with_an_unreadable_trace_does_not_open_and_names_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "hx711").mkdir()
    (tmp_path / "hx711" / "rpi_1.txt").write_text("no trace\n")
    nowhere = "mqtt://127.0.0.1:1"  # an embedded broker would want the usual port, which may be taken
    done = aisle("run", "--port", "0", "--broker", nowhere, cwd=tmp_path, AISLE_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "rpi_1.txt: no trace in lines of" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("simulate",), "numpy"),
        (("run",), "nicegui"),
        (("hub", "s.toml"), "uvicorn"),
        (("record", "r.ndjson"), "scipy"),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(
    tmp_path: Path, arguments: tuple[str, ...], missing: str
) -> None:
    done = aisle(*arguments, cwd=tmp_path, missing=missing)
    said = f"aisle {arguments[0]} needs {missing}: pip install 'aisle[hub]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_the_seed_of_a_replay_is_said_to_be_for_labelled_visits(tmp_path: Path) -> None:
    done = aisle("replay", "--help", cwd=tmp_path, COLUMNS="200", NO_COLOR="1")
    (line,) = (line for line in done.stdout.splitlines() if "--seed" in line)
    assert "For labelled visits" in line
