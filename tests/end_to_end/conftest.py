"""One server with two nodes that most tests share, and people on it."""

from collections.abc import AsyncIterator

import pytest

from .people import Backend, Core, Person, backend_of, core_of
from .serving import Serving, serving


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    """Shared: a test may kill its nodes, but leaves it serving with two."""
    data = tmp_path_factory.mktemp("end-to-end") / "data"
    settings = {"presence_grace_seconds": 1, "drain_seconds": 1, "commands_per_second": 5000}
    async with serving(data, "--workers", "2", **settings) as server:
        yield server


@pytest.fixture(scope="session")
async def backend(server: Serving) -> AsyncIterator[Backend]:
    async with backend_of(server) as backend:
        yield backend


@pytest.fixture(scope="session")
async def core(server: Serving) -> AsyncIterator[Core]:
    async with core_of(server) as core:
        yield core


@pytest.fixture
async def jane(backend: Backend) -> Person:
    return await backend.person("jane")


@pytest.fixture
async def john(backend: Backend) -> Person:
    return await backend.person("john")


@pytest.fixture
async def room(backend: Backend, jane: Person, john: Person) -> int:
    return await backend.room(jane, john)
