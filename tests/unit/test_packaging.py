"""What setup.cfg declares against what the rooms hold and import: an installed Aisle has everything it opens."""

import ast
import re
import sys
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("wire", "drivers", "firmware_py", "shelf_node", "gate_node", "hub", "hw")
ONLY_ON_A_PI = {"RPi", "lgpio"}
"""GPIO; a simulated store runs without."""


@pytest.fixture(scope="module")
def setup() -> ConfigParser:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def test_every_file_beside_the_code_is_package_data(setup: ConfigParser) -> None:
    packages = [init.parent for room in ROOMS for init in (ROOT / room).rglob("__init__.py")]
    packaged: set[Path] = set()
    for name, value in setup["options.package_data"].items():
        patterns = [pattern.strip() for pattern in value.split(",")]
        folders = packages if name == "*" else [ROOT.joinpath(*name.split("."))]
        packaged.update(file for folder in folders for pattern in patterns for file in folder.glob(pattern))
    there = {file for room in ROOMS for file in (ROOT / room).rglob("*") if file.is_file()}
    beside_the_code = {file for file in there if file.suffix != ".py" and "__pycache__" not in file.parts}
    assert {ROOT / "hw/stores/demo.toml", ROOT / "hub/pages/static/page.js"} <= beside_the_code
    assert packaged == beside_the_code


def test_the_hub_extra_brings_everything_that_a_simulated_store_imports(setup: ConfigParser) -> None:
    requirements = setup["options"]["install_requires"] + setup["options.extras_require"]["hub"]
    declared = set(re.findall(r"^([\w-]+) *[<>=]", requirements, re.MULTILINE))
    sources = [ROOT / "aisle.py", *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]
    third_party = {name for file in sources for name in _imports(file)} - sys.stdlib_module_names - {*ROOMS}
    distributions = packages_distributions()
    needed = {distributions[name][0].lower() for name in third_party - ONLY_ON_A_PI}
    assert needed <= declared


def _imports(file: Path) -> set[str]:
    """The top-level names that a source imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.partition(".")[0] for name in names}
