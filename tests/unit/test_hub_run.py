"""A hub that cannot start says why in one line, and leaves nothing open behind it."""

from contextlib import closing
from pathlib import Path

import pytest

from hub.journal import Journal, JournalBusy
from hub.payments import TestProvider
from hub.run import BadStateDir, open_hub, run_hub
from tests.store.scripted import small_store
from wire.errors import BadSettings

NOWHERE = "mqtt://127.0.0.1:1"


async def test_a_second_hub_on_the_same_state_is_refused_before_it_touches_the_broker(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.db", small_store().name)), pytest.raises(JournalBusy, match="another hub"):
        async with open_hub(small_store(), tmp_path):
            pytest.fail("two hubs share one state directory")
    assert not (tmp_path / "broker").exists()


async def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadStateDir, match="file/state"):
        async with open_hub(small_store(), tmp_path / "file" / "state", NOWHERE):
            pytest.fail("there is no place for its state")


async def test_a_missing_store_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no such file"):
        await run_hub(tmp_path / "store.toml", tmp_path, print, NOWHERE)


async def test_everything_is_closed_again_so_that_the_next_hub_can_start(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_hub(small_store(), tmp_path, NOWHERE) as (hub, url):
            assert url == NOWHERE and not hub.receipts
    with closing(TestProvider(tmp_path / "test-payments.db")) as payments:
        assert payments.captured_cents() == 0
