"""Everything that kfxl needs exists as a wheel for Windows and macOS: no compiler, no surprise.

The tests marked ``host`` ask the package index that pip is set up to use; nothing is installed.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import pytest

from tests.install.wheel_resolution import Report, Target, ask_pip, resolve

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
WINDOWS = [Target("win_amd64", python) for python in PYTHONS]
APPLE_SILICON = [Target("macosx_14_0_arm64", python) for python in PYTHONS]
INTEL_MAC = [Target("macosx_14_0_x86_64", python) for python in PYTHONS]


def requirements(*extras: str) -> list[str]:
    """What kfxl and some of its extras need, as pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [*project["dependencies"]]
    for extra in extras:
        listed += project["optional-dependencies"][extra]
    return listed


def _name(target: object) -> str:
    return f"{target.platform}-{target.python}" if isinstance(target, Target) else str(target)


@pytest.mark.host
@pytest.mark.parametrize("target", [*WINDOWS, *APPLE_SILICON, *INTEL_MAC], ids=_name)
def test_everything_resolves_to_wheels(target: Target) -> None:
    found = resolve(requirements("files", "excel"), target, ask_pip)
    wheels = {
        name: entry["download_info"]["url"].rpartition("/")[2] for name, entry in found.items()
    }
    assert not {name: file for name, file in wheels.items() if not file.endswith(".whl")}
    assert {"numpy", "scipy", "pandas", "piqp", "xlwings", "pyopenvba"} <= set(wheels)
    own = {"win": {"pywin32", "colorama", "tzdata"}, "macosx": {"psutil", "appscript"}}
    assert own[target.platform.partition("_")[0]] <= set(wheels)


@pytest.mark.host
def test_nothing_imported_at_run_time_is_under_the_gpl() -> None:
    found = resolve(requirements("files", "excel"), WINDOWS[0], ask_pip)
    assert len(found) > 20
    for name, entry in found.items():
        said = licences(name, entry["metadata"])
        assert said, f"{name} does not say under which licence it is"
        assert not any("GPL" in text or "General Public" in text for text in said), name


def licences(name: str, reported: dict[str, Any]) -> list[str]:
    """What a package's metadata say; pip's report leaves the newest field out, so ask here, too."""
    said = [*reported.get("license", "").splitlines()[:1], *reported.get("classifier", [])]
    with contextlib.suppress(PackageNotFoundError):
        here = metadata(name)
        said += [here.get(key, "").partition("\n")[0] for key in ("License-Expression", "License")]
        said += here.get_all("Classifier", [])
    return [text for text in said if text and (" :: " not in text or text.startswith("License"))]


# How the resolution works, without a network.


def _entry(name: str, version: str, *needs: str) -> dict[str, object]:
    return {"metadata": {"name": name, "version": version, "requires_dist": list(needs)}}


def test_what_only_that_system_needs_is_asked_for_in_the_next_round() -> None:
    index = {
        "book": _entry("Book", "1.0", 'win-only>=2; sys_platform == "win32"', 'mac; extra == "m"'),
        "win-only": _entry("win_only", "2.1", "deep"),
        "deep": _entry("deep", "0.1", 'old; python_version < "3.12"'),
    }
    rounds: list[list[str]] = []

    def ask(asked: Sequence[str], _target: Target) -> Report:
        rounds.append(list(asked))
        # As pip does: requirements below come by themselves, but judged for Linux.
        names = {text.split(">")[0] for text in asked} | ({"deep"} if len(rounds) > 1 else set())
        return [index[name] for name in names]

    roots = ["book>=1", 'linux-only; sys_platform == "linux"']
    assert set(resolve(roots, Target("win_amd64", "3.13"), ask)) == {"book", "win-only", "deep"}
    assert rounds == [["book>=1"], ["book>=1", "win-only>=2"]]
    assert set(resolve(roots, Target("macosx_14_0_arm64", "3.13"), ask)) == {"book"}


def test_a_version_that_does_not_fit_is_noticed() -> None:
    def ask(_asked: Sequence[str], _target: Target) -> Report:
        return [_entry("a", "1.0", "b>=2"), _entry("b", "1.5")]

    with pytest.raises(AssertionError, match="b>=2"):
        resolve(["a"], WINDOWS[0], ask)


@pytest.mark.parametrize(
    ("target", "machine"),
    [(WINDOWS[0], "AMD64"), (APPLE_SILICON[0], "arm64"), (INTEL_MAC[0], "x86_64")],
    ids=_name,
)
def test_systems_are_told_apart(target: Target, machine: str) -> None:
    assert target.environment["platform_machine"] == machine
    assert (target.environment["sys_platform"] == "win32") == (machine == "AMD64")
