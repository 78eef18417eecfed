"""Finding a pip that can fill an environment, and saying in plain words why one failed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from install.places import python_of
from install.shell import InstallError, Shell

OLDEST_OUTER_PIP = (22, 3)  # the first with `pip --python`
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

REASONS = (
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed",
        "the package index cannot be trusted: its certificate was refused",
        "set pip's `cert` to your organisation's certificate and run this again",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError"
        r"|Temporary failure in name resolution|Network is unreachable|getaddrinfo failed"
        r"|Max retries exceeded|Connection refused|ConnectionResetError",
        "no connection to the package index that pip is set up to use",
        "check the network, or pip's proxy and index settings, and run this again",
    ),
    (
        r"No space left on device|There is not enough space on the disk",
        "the disk is full",
        "free about 1 GB and run this again",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)",
        f"the package index has no {{what}} for this Python ({PYTHON})",
        "check the network and pip's index settings, or use another Python from 3.11 on",
    ),
    (
        r"Permission denied|Access is denied",
        "a file could not be written",
        "close programs that use kfxl (Excel, a terminal) and run this again",
    ),
)


def pip_command(environment: Path, shell: Shell) -> list[str]:
    """The words that call pip for this environment: its own, else that of the running Python."""
    inner = [str(python_of(environment)), "-m", "pip"]
    if shell.captured([*inner, "--version"], environment).code == 0:
        return inner
    outer = [sys.executable, "-m", "pip"]
    found = shell.captured([*outer, "--version"], environment)
    version = re.match(r"pip (\d+)\.(\d+)", found.text)
    if found.code == 0 and version and tuple(map(int, version.groups())) >= OLDEST_OUTER_PIP:
        return [*outer, "--python", str(python_of(environment))]
    state = "is missing" if found.code != 0 else f"is too old ({found.text.split()[1]})"
    raise InstallError(
        f"Python's pip {state}, and this Python cannot install its own",
        "sudo apt install python3-venv (Debian, Ubuntu; else your system's pip package), "
        "then run this again",
    )


def explain_failure(text: str) -> InstallError:
    """Turn pip's output into one line.

    Examples
    --------
    >>> print(explain_failure("OSError: [Errno 28] No space left on device"))
    the disk is full; free about 1 GB and run this again
    """
    for pattern, problem, remedy in REASONS:
        match = re.search(pattern, text)
        if match:
            return InstallError(problem.format(**match.groupdict()), remedy)
    errors = [line for line in text.splitlines() if line.lower().startswith("error:")]
    reason = errors[-1][len("error:") :].strip() if errors else "it gave no reason"
    return InstallError(f"pip failed: {reason}", "the log says more")
