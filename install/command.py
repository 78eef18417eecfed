"""The command line of the installer: what to do, in numbered steps and plain words."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from install import checks, setup
from install.places import places
from install.shell import InstallError, Shell, Terminal

CHECKOUT = Path(__file__).resolve().parent.parent
DESCRIPTION = """\
Sets up kfxl for you alone, recomputes the template, runs its backtest and leaves the report as
kfxl-report.xlsx in the current folder. It adds kfxl to LibreOffice where there is one, and on
Windows to Excel. Run it again whenever you like: it repairs and updates."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="python3 install", description=DESCRIPTION)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--uninstall",
        action="store_true",
        help="take kfxl away: environment, command, add-ins, log",
    )
    what.add_argument(
        "--test",
        action="store_true",
        help="set up .venv in this checkout and run all checks; change nothing else",
    )
    parser.add_argument(
        "--hosts",
        action="store_true",
        help="with --test: also run the tests in real host programs",
    )
    parser.add_argument(
        "--system-packages",
        action="store_true",
        help="with --hosts, as root: install the system packages that those tests need",
    )
    options = parser.parse_args(arguments)
    if options.hosts and not options.test:
        parser.error("--hosts goes with --test")
    if options.system_packages and not options.hosts:
        parser.error("--system-packages goes with --test --hosts")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the installer; the exit code is 0 only when everything was done."""
    options = parse(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if options.test:
        log = begun(CHECKOUT / ".venv" / "kfxl-setup.log")
        extent = checks.Extent(hosts=options.hosts, system_packages=options.system_packages)
        return guarded(log, lambda shell: checks.run(CHECKOUT, shell, extent))
    try:
        here = places()
    except InstallError as error:
        return failed(error)
    if options.uninstall:
        return guarded(None, lambda shell: setup.uninstall(here, shell))
    log = begun(here.state / "install.log")
    return guarded(log, lambda shell: setup.install(CHECKOUT, here, Path.cwd(), shell))


def guarded(log: Path | None, work: Callable[[Shell], int]) -> int:
    """Do the work; every failure is one line."""
    try:
        return work(Terminal(log))
    except InstallError as error:
        return failed(error, log)
    except KeyboardInterrupt:
        sys.stderr.write("\nkfxl install: interrupted; run it again, it continues from here\n")
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        problem = f"{where}{error.strerror or error}"
        return failed(InstallError(problem, "see to that and run this again"), log)


def failed(error: InstallError, log: Path | None = None) -> int:
    """Say what went wrong, and where more about it can be read."""
    more = f" (log: {log})" if log is not None and log.is_file() else ""
    sys.stderr.write(f"kfxl install: {error}{more}\n")
    return 1


def begun(log: Path) -> Path:
    """Begin a new log; one that cannot be written is no reason to stop."""
    with contextlib.suppress(OSError):
        log.unlink(missing_ok=True)
    return log
