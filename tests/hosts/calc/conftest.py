"""What the tests in LibreOffice share: one LibreOffice with the add-in for the whole run."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from kfxl.hosts.calc_addin import build_addin
from tests.hosts.calc.office import Office

# Programs for LibreOffice's Python; they cannot be imported here.
collect_ignore = ["inside"]


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    """A LibreOffice with kfxl's add-in, which works with the environment of the tests."""
    with Office() as running:
        running.install(build_addin(sys.executable))
        yield running
