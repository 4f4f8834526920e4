"""The documents' own examples are read by the code they describe."""

import re
from pathlib import Path

import msgspec
import pytest

from gate_node.config import GateNodeConfig
from hub.store import Store, load_store
from hw.simulate import DEMO_STORE
from shelf_node.config import ShelfNodeConfig
from wire.messages import WeightChange, decode

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(document: str, language: str) -> list[str]:
    text = (DOCS / document).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_store_file_of_the_document_is_a_store() -> None:
    store = msgspec.toml.decode(blocks("store.md", "toml")[0], type=Store)
    assert store.lane["A-1-5"].products == (store.products[0].gtin,)


@pytest.mark.parametrize(("number", "kind"), [(0, ShelfNodeConfig), (1, GateNodeConfig)])
def test_the_node_files_of_the_document_are_nodes(number: int, kind: type) -> None:
    assert isinstance(msgspec.toml.decode(blocks("nodes.md", "toml")[number], type=kind), kind)


def test_the_envelope_of_the_document_is_a_message() -> None:
    assert isinstance(decode(blocks("wire.md", "json")[0]).body, WeightChange)


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_the_demo_store_can_be_opened() -> None:
    assert len(load_store(DEMO_STORE).lanes) == 24
