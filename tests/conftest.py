"""Settings of all tests: the same examples everywhere, and none that depends on elapsed time."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("kfxl", derandomize=True, deadline=None)
settings.load_profile("kfxl")


@pytest.fixture(autouse=True, scope="session")
def _log_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep failures that tests bring about out of the log of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("state")))
        yield
