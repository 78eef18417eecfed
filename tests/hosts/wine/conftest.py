"""What the tests in Wine share: one Windows for the whole run, one stand-in for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.wine.session import LOCAL, Wine
from tests.hosts.wine.stand_in import StandIn
from tests.hosts.wine.windows_python import prepared, session_folder

# Programs for Windows Python; they cannot be imported here.
collect_ignore = ["inside"]


@pytest.fixture(scope="session")
def wine() -> Iterator[Wine]:
    """A fresh Windows with kfxl installed in the folder of a user whose name is hard to write."""
    python = prepared()
    with session_folder(python.parent) as folder:
        session = Wine(folder / "wine", python)
        try:
            session.start()
            session.install_kfxl(f"{LOCAL}\\kfxl")
            yield session
        finally:
            session.close()


@pytest.fixture(scope="module")
def excel(wine: Wine) -> Iterator[StandIn]:
    """A stand-in for Excel with the user's folders and xlwings' DLL loaded."""
    stand_in = StandIn(wine, f"{LOCAL}\\kfxl\\Scripts\\python.exe")
    try:
        stand_in.ask("environment", variables={"LOCALAPPDATA": LOCAL})
        yield stand_in
    finally:
        stand_in.close()
