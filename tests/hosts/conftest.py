"""Fixtures of the tests of hosts."""

from tests.hosts.pywin32_stub import windows

__all__ = ["windows"]
