"""The hub's journal: what it said is written is there afterwards, and what is not whole is not used."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.core.events import Answered, AnyInput, Authorised, Line, Observed, Receipt, Ticked
from hub.journal import Journal, JournalBusy, JournalDamaged, JournalFailed, Settlement
from wire.messages import WeightChange

STORE = "corner"


def change(n: int) -> Observed:
    body = WeightChange(lane="1-1", delta_g=-float(n), sigma_g=0.5, t0_s=n, t1_s=n + 0.5)
    return Observed(at_s=n + 1.0, node="shelf-1", body=body)


def reopened(path: Path) -> tuple[list[AnyInput], dict[tuple[str, str], int], list[Settlement]]:
    journal = Journal(path, STORE)
    try:
        return list(journal.replay()), journal.positions(), journal.settlements()
    finally:
        journal.close()


async def filled(path: Path, count: int) -> None:
    journal = Journal(path, STORE)
    for n in range(1, count + 1):
        await journal.append([change(n)], {("shelf-1", "b1"): n})
    journal.close()


@pytest.mark.parametrize("on_disk", [True, False])
async def test_inputs_come_back_as_they_were_and_in_their_order(tmp_path: Path, on_disk: bool) -> None:
    inputs: list[AnyInput] = [
        change(1),
        Authorised(at_s=2.0, session="v1", hold="7"),
        Authorised(at_s=2.5, session="v2", hold=None),
        Ticked(at_s=3.0),
        Answered(at_s=4.0, session="v1", choice=2),
    ]
    journal = Journal(tmp_path / "journal.db" if on_disk else None, STORE)
    await journal.append(inputs[:2], {("shelf-1", "b1"): 1})
    await journal.append(inputs[2:])
    assert list(journal.replay()) == inputs
    assert journal.positions() == {("shelf-1", "b1"): 1}
    journal.close()


async def test_settlements_come_back_oldest_first_and_only_once_per_session(tmp_path: Path) -> None:
    line = Line(gtin="1", name="Tea", count=2, price_cents=150, probability=0.99, because="lane 1-1 lost 50 g")
    receipt = Receipt(
        session="v2", credential="c", lines=(line,), total_cents=300, probability=0.99, asked=False, at_s=8.0
    )
    settlements = [
        Settlement(session="v2", at_s=9.0, charged_cents=300, receipt=receipt),
        Settlement(session="v1", at_s=9.5, charged_cents=0),
    ]
    path = tmp_path / "journal.db"
    journal = Journal(path, STORE)
    for settlement in settlements:
        await journal.settle(settlement)
    journal.close()
    assert reopened(path)[2] == settlements
    journal = Journal(path, STORE)
    with pytest.raises(JournalFailed, match="UNIQUE"):
        await journal.settle(settlements[0])
    journal.close()


async def test_a_position_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, STORE)
    await journal.append([change(1)], {("shelf-1", "b1"): 5})
    await journal.append([], {("shelf-1", "b1"): 4, ("shelf-1", "b2"): 1})
    journal.close()
    assert reopened(path)[1] == {("shelf-1", "b1"): 5, ("shelf-1", "b2"): 1}


async def test_appends_that_wait_together_share_their_commits_and_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, STORE)
    commits: list[str] = []
    journal._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await asyncio.gather(*(journal.append([change(n)]) for n in range(100)))
    journal.close()
    assert len(commits) < 50
    assert reopened(path)[0] == [change(n) for n in range(100)]


async def test_each_journal_has_a_ledger_id_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "one.db", STORE), Journal(tmp_path / "other.db", STORE)
    ledger = one.ledger
    assert ledger != other.ledger
    one.close()
    other.close()
    one = Journal(tmp_path / "one.db", STORE)
    assert one.ledger == ledger
    one.close()


async def test_a_second_hub_on_the_same_journal_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = Journal(path, STORE)
    with pytest.raises(JournalBusy, match=r"^journal .*journal\.db: in use: is another hub running\?$"):
        Journal(path, STORE)
    await first.append([change(1)])
    first.close()
    assert reopened(path)[0] == [change(1)]


async def test_a_journal_of_another_store_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path / "journal.db", 1)
    with pytest.raises(JournalDamaged, match="belongs to store corner, not to kiosk"):
        Journal(tmp_path / "journal.db", "kiosk")


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, database = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_bytes(b"dear diary\n" * 200)
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    for path in (text, database):
        before = path.read_bytes()
        with pytest.raises(JournalDamaged) as refusal:
            Journal(path, STORE)
        assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)
        assert path.read_bytes() == before


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="nowhere"):
        Journal(tmp_path / "nowhere" / "journal.db", STORE)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
async def test_a_truncated_file_is_refused_as_a_whole(tmp_path: Path, share: float) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, STORE)
    for n in range(0, 2000, 50):
        await journal.append([change(n + i) for i in range(50)])
    journal.close()
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))
    with pytest.raises(JournalDamaged, match="damaged"):
        reopened(path)


async def test_an_input_that_cannot_be_read_stops_the_replay_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path, 3)
    with sqlite3.connect(path) as db:
        db.execute("""UPDATE inputs SET batch = '[{"type":"observed"' WHERE position = 2""")
    db.close()
    journal = Journal(path, STORE)
    with pytest.raises(JournalDamaged, match="inputs 2 are damaged"):
        list(journal.replay())
    journal.close()


async def test_a_missing_input_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path, 3)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM inputs WHERE position = 2")
    db.close()
    with pytest.raises(JournalDamaged, match="1 of 3 rows of inputs are missing"):
        Journal(path, STORE)


async def test_a_full_disk_fails_every_waiting_write_and_all_later_ones_and_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, STORE)
    await journal.append([change(1)], {("shelf-1", "b1"): 1})
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    large = [change(n) for n in range(2, 500)]
    results = await asyncio.gather(
        *(journal.append(large, {("shelf-1", "b1"): 499}) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(r, JournalFailed) and "full" in str(r) for r in results)
    with pytest.raises(JournalFailed):
        await journal.append([change(2)])
    journal.close()
    assert reopened(path) == ([change(1)], {("shelf-1", "b1"): 1}, [])


@given(cut=st.floats(0, 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_power_cut_in_mid_write_leaves_a_prefix_in_which_inputs_and_positions_agree(
    tmp_path: Path, cut: float
) -> None:
    torn = tmp_path / "torn.db"
    whole, written = _written_ahead(tmp_path)
    shutil.copy(whole, torn)
    log = written.read_bytes()
    torn.with_name("torn.db-wal").write_bytes(log[: int(len(log) * cut)])
    try:
        inputs, positions, _ = reopened(torn)
    finally:
        torn.unlink()
    assert inputs == [change(n) for n in range(1, len(inputs) + 1)]
    assert positions.get(("shelf-1", "b1"), 0) == len(inputs)


def _written_ahead(tmp_path: Path) -> tuple[Path, Path]:
    """A journal of which nothing but the schema has reached the main file yet: all the rest stands in its log."""
    whole, written = tmp_path / "whole.db", tmp_path / "whole.wal"
    if not written.exists():
        asyncio.run(filled(whole, 0))
        journal = Journal(whole, STORE)

        async def append() -> None:
            for n in range(1, 21):
                await journal.append([change(n)], {("shelf-1", "b1"): n})

        asyncio.run(append())
        main = whole.read_bytes()
        shutil.copy(whole.with_name("whole.db-wal"), written)
        journal.close()
        whole.write_bytes(main)
    return whole, written
