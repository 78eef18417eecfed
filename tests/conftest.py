"""Settings of all tests: the same examples everywhere, and none that depends on elapsed time."""

from hypothesis import settings

settings.register_profile("kfxl", derandomize=True, deadline=None)
settings.load_profile("kfxl")
