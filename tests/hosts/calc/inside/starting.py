"""Starts a LibreOffice of its own with a fresh profile, connects to it, ends it."""

from __future__ import annotations

import contextlib
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

PATIENCE = 60
DESKTOP = "com.sun.star.frame.Desktop"


class LibreOffice:
    """A running LibreOffice; its profile stays in the folder from one start to the next.

    Parameters
    ----------
    folder : Path
        Where the profile and what the program says are kept.
    program : str
        The program to start.
    """

    def __init__(self, folder: Path, program: str = "soffice") -> None:
        self.profile = folder / "profile"
        self.said = folder / "soffice.log"
        self.program = program
        self.process: Any = None
        self.context: Any = None

    @property
    def desktop(self) -> Any:
        """LibreOffice's desktop, which loads documents."""
        return self.service(DESKTOP)

    def service(self, name: str) -> Any:
        """A service of LibreOffice's, by name."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def start(self) -> None:
        """Start the program and connect; a pipe's name of its own keeps it apart from others."""
        pipe = f"kfxl{uuid.uuid4().hex}"
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [
                    *(self.program, "--headless", "--norestore", "--nologo", "--nodefault"),
                    f"-env:UserInstallation={self.profile.as_uri()}",
                    f"--accept=pipe,name={pipe};urp;",
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.context = self._connected(pipe)

    def end(self) -> None:
        """Ask the program to end, and see that it does."""
        if self.process is None:
            return
        from com.sun.star.lang import DisposedException

        try:
            if self.context is not None:
                # It may end before it has answered.
                with contextlib.suppress(DisposedException):
                    self.desktop.terminate()
                self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process = self.context = None

    def _connected(self, pipe: str) -> Any:
        import uno
        from com.sun.star.connection import NoConnectException

        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            except NoConnectException:
                # The program ends with 81 to be started anew where a profile was just made.
                if self.process.poll() not in (None, 0, 81) or time.monotonic() > end:
                    raise
                time.sleep(0.05)


def properties(**values: Any) -> tuple[Any, ...]:
    """Named values as UNO wants them."""
    from com.sun.star.beans import PropertyValue

    made = []
    for name, value in values.items():
        item = PropertyValue()
        item.Name, item.Value = name, value
        made.append(item)
    return tuple(made)
