"""The import rule: who may know whom. Arrows point down, and nobody imports `server`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"chat", "protocol", "storage", "server", "parlance"}
MAY_IMPORT = {
    "chat": set(),
    "protocol": set(),
    "storage": {"chat"},
    "server": {"chat", "protocol", "storage", "parlance"},
    "clients/python/parlance": set(),
}
PURE = {"chat", "protocol"}
OPENS_SOMETHING = {"asyncio", "starlette", "websockets", "redis", "asyncpg", "uvicorn", "socket"}


def modules(package: str) -> Iterator[Path]:
    yield from sorted((ROOT / package).rglob("*.py"))


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def arrows(package: str) -> Iterator[tuple[str, str]]:
    for module in modules(package):
        for name in imports(module):
            yield str(module.relative_to(ROOT)), name


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    own = package.rpartition("/")[2]
    found = list(arrows(package))
    assert found, "no modules were looked at"
    for module, name in found:
        top = name.partition(".")[0]
        assert top not in OURS - {own} or top in MAY_IMPORT[package], f"{module} imports {name}"


@pytest.mark.parametrize("package", sorted(PURE))
def test_the_pure_packages_open_nothing(package: str) -> None:
    for module, name in arrows(package):
        assert name.partition(".")[0] not in OPENS_SOMETHING, f"{module} imports {name}"


def test_dialects_do_not_know_each_other_and_the_live_side_knows_no_dialect() -> None:
    for module, name in arrows("server"):
        parts = Path(module).parts
        if parts[1] == "dialects" and len(parts) > 3 and name.startswith("server.dialects."):
            assert name.split(".")[2] == parts[2], f"{module} imports {name}"
        if parts[1] == "realtime":
            assert not name.startswith("server.dialects"), f"{module} imports {name}"
