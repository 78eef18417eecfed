"""``--hosts`` and ``--system-packages``: what runs, what is installed, what is said instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from install import backports, checks, command, hosts
from install.checks import Extent
from install.hosts import HOSTS, Host
from install.shell import InstallError, Outcome
from tests.install.pretend_shell import OK, PretendShell, fails_at

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = "sudo apt-get install --no-install-recommends wine wine64"


def nowhere(_program: str) -> None:
    return None


def everywhere(program: str) -> str:
    return f"/usr/bin/{program}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def equipped(monkeypatch: pytest.MonkeyPatch, *, machine: bool) -> None:
    monkeypatch.setattr(hosts, "why_not", lambda _host: "" if machine else f"run: {COMMAND}")


@pytest.fixture
def no_backports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that is not Debian."""
    monkeypatch.setattr(backports, "codename", lambda: "")


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_every_host_has_tests_that_the_quick_run_leaves_out(host: Host) -> None:
    assert bool(host.programs) == bool(host.packages)
    for place in (ROOT / name for name in host.tests):
        tests = [place] if place.is_file() else list(place.glob("test_*.py"))
        assert tests
        assert any("pytest.mark.host\n" in path.read_text(encoding="utf-8") for path in tests)


def test_the_quick_run_knows_nothing_of_hosts(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equipped(monkeypatch, machine=False)
    shell = PretendShell()
    assert checks.run(checkout, shell) == 0
    assert not shell.ran("-m", "host")
    assert not shell.ran("apt-get")


def test_the_hosts_follow_the_quick_checks(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    equipped(monkeypatch, machine=True)
    shell = PretendShell()
    assert checks.run(checkout, shell, Extent(hosts=True)) == 0
    last = [words[1:] for words in shell.commands[-len(HOSTS) :]]
    assert last == [["-m", "pytest", "-m", "host", *host.tests] for host in HOSTS]
    assert not shell.ran("apt-get")


def test_a_host_that_is_missing_fails_the_run_in_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equipped(monkeypatch, machine=False)
    shell = PretendShell()
    assert checks.run(checkout, shell, Extent(hosts=True)) == 1
    assert shell.ran("pytest")
    assert not shell.ran("-m", "host")
    assert f"not run: run: {COMMAND}" in shell.said
    assert shell.said[-1] == f"Failed: {', '.join(host.name for host in HOSTS)}"


def test_tests_that_fail_in_a_host_fail_the_run(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equipped(monkeypatch, machine=True)
    shell = PretendShell(fails_at(HOSTS[0].tests[0]))
    assert checks.run(checkout, shell, Extent(hosts=True)) == 1
    assert shell.said[-1] == f"Failed: {HOSTS[0].name}"


@pytest.mark.parametrize(
    "host", [host for host in HOSTS if host.programs], ids=lambda host: host.name
)
def test_what_is_missing_is_named_with_the_command_that_brings_it(host: Host) -> None:
    assert hosts.why_not(host, everywhere) == ""
    line = hosts.why_not(host, nowhere)
    assert line.startswith(", ".join(host.programs))
    packages = " ".join(host.packages)
    assert line.endswith(f"run: sudo apt-get install --no-install-recommends {packages}")
    assert "\n" not in line


def test_root_installs_only_what_is_missing(no_backports: None) -> None:
    shell = PretendShell()
    hosts.install_packages(shell, everywhere, root=True)
    assert not shell.commands
    hosts.install_packages(shell, nowhere, root=True)
    update, install = shell.commands
    assert update == [*hosts.PACKAGE_MANAGER, "update"]
    packages = [package for host in HOSTS for package in host.packages]
    expected = [*hosts.PACKAGE_MANAGER, *hosts.INSTALL, *packages]
    assert install == expected
    assert "--no-upgrade" in install


def test_others_are_told_the_command() -> None:
    shell = PretendShell()
    hosts.install_packages(shell, everywhere, root=False)
    with pytest.raises(InstallError, match=COMMAND):
        hosts.install_packages(shell, nowhere, root=False)
    assert not shell.commands


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(100, "Hit\nE: Could not get lock /var/lib/apt\nE: x"), "Could not get lock"),
        (Outcome(7), "exit code 7"),
    ],
)
def test_a_failure_of_the_package_manager_is_one_line(
    no_backports: None, outcome: Outcome, words: str
) -> None:
    shell = PretendShell(lambda said: outcome if "install" in said else OK)
    with pytest.raises(InstallError, match=f"apt-get install: {words}") as caught:
        hosts.install_packages(shell, nowhere, root=True)
    assert "\n" not in str(caught.value)


def test_system_packages_come_first(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    equipped(monkeypatch, machine=True)
    monkeypatch.setattr(hosts, "missing_packages", lambda _find: ("wine",))
    monkeypatch.setattr(hosts, "newer_packages", lambda _find: ())
    monkeypatch.setattr(hosts, "is_root", lambda: True)
    shell = PretendShell()
    assert checks.run(checkout, shell, Extent(hosts=True, system_packages=True)) == 0
    assert "apt-get" in shell.commands[0]


@pytest.mark.parametrize(
    ("words", "extent"),
    [
        (["--test"], Extent()),
        (["--test", "--hosts"], Extent(hosts=True)),
        (["--test", "--hosts", "--system-packages"], Extent(hosts=True, system_packages=True)),
    ],
)
def test_the_options_reach_the_checks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], extent: Extent
) -> None:
    asked = []

    def remember(_checkout: Path, _shell: object, extent: Extent) -> int:
        asked.append(extent)
        return 0

    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setattr(checks, "run", remember)
    assert command.main(words) == 0
    assert asked == [extent]


@pytest.mark.parametrize("words", [["--hosts"], ["--system-packages"], ["--uninstall", "--hosts"]])
def test_options_that_would_do_nothing_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.parse(words)
    assert "goes with --test" in capsys.readouterr().err
