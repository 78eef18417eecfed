"""Adds kfxl's extension to LibreOffice or takes it away, in LibreOffice's own Python.

It is no part of the extension: kfxl runs it with a request as JSON on standard input and reads
the answer, one line of JSON, from standard output. LibreOffice's own tool, unopkg, refuses root
and profiles that are in use; this does neither. A LibreOffice that runs with the profile is asked
over a pipe that it opens for us and closes again; otherwise one is started and ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from typing import Any

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.task import XInteractionHandler
from com.sun.star.ucb import XCommandEnvironment

USER = "user"
QUIET = ("--headless", "--invisible", "--nologo", "--nodefault", "--norestore")
# Another one that runs takes over what was asked and lets the one that was started end at once.
HANDED_OVER = 0.5
PATIENCE = 90.0
POSIX = os.name == "posix"


class ManagerError(Exception):
    """What went wrong, in words for the user."""


class Approval(unohelper.Base, XCommandEnvironment, XInteractionHandler):  # type: ignore[misc]
    """Says yes to what LibreOffice asks while it adds our extension."""

    def getInteractionHandler(self) -> Any:  # noqa: N802
        """Who answers."""
        return self

    def getProgressHandler(self) -> Any:  # noqa: N802
        """Nobody watches."""
        return None

    def handle(self, request: Any) -> None:
        """Approve: whether to install it, or to replace another version of it."""
        wanted = uno.getTypeByName("com.sun.star.task.XInteractionApprove")
        for continuation in request.getContinuations():
            approve = continuation.queryInterface(wanted)
            if approve:
                approve.select()
                return


class Session:
    """A LibreOffice to talk to: the one that runs with the profile, or one of our own."""

    def __init__(self, soffice: str, profile: str) -> None:
        where = ["-env:UserInstallation=" + profile] if profile else []
        self.words = [soffice, *where, *QUIET]
        self.pipe = "kfxl" + uuid.uuid4().hex[:12]
        self.running = False
        self.process = self.start("--accept=pipe,name=" + self.pipe + ";urp;")
        try:
            self.context = self.connect()
            self.desktop = self.service("com.sun.star.frame.Desktop")
        except BaseException:
            self.kill()
            raise

    def start(self, order: str) -> subprocess.Popen[bytes]:
        """Start LibreOffice with one order; if it runs already it gets the order."""
        return subprocess.Popen(
            [*self.words, order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=POSIX,
        )

    def connect(self) -> Any:
        """The context of the LibreOffice at the other end of the pipe."""
        local = uno.getComponentContext()
        name = "com.sun.star.bridge.UnoUrlResolver"
        resolver = local.ServiceManager.createInstanceWithContext(name, local)
        end = time.monotonic() + PATIENCE / 2
        while True:
            code = self.process.poll()
            try:
                return resolver.resolve(
                    "uno:pipe,name=" + self.pipe + ";urp;StarOffice.ComponentContext"
                )
            except Exception:  # noqa: BLE001  (UNO's own kinds of exceptions)
                if code:
                    raise ManagerError(f"it ended at once (exit code {code})") from None
                if time.monotonic() > end:
                    raise ManagerError("it did not answer") from None
                time.sleep(0.05)

    def service(self, name: str) -> Any:
        """One of LibreOffice's services."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def end(self, patience: float) -> None:
        """Close the pipe of a LibreOffice that is not ours, end the one that is."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.running = self.process.poll() is not None
        if self.running or self.desktop.Components.createEnumeration().hasMoreElements():
            # With documents open it is in somebody's use, whoever has started it.
            self.running = True
            self.start("--unaccept=pipe,name=" + self.pipe + ";urp;").wait(30)
            return
        with contextlib.suppress(Exception):  # it may be gone before it has answered
            self.desktop.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End what we have started, and only that."""
        if self.process.poll() is not None:
            return
        if POSIX:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()


class Extensions:
    """The extensions that the user has in one LibreOffice."""

    def __init__(self, session: Session) -> None:
        self.session = session
        name = "/singletons/com.sun.star.deployment.ExtensionManager"
        self.manager = session.context.getValueByName(name)
        self.approval = Approval()

    def all(self) -> list[list[str]]:
        """Each with its identifier and version."""
        found = self.manager.getDeployedExtensions(USER, self.abort(), self.approval)
        return [[each.getIdentifier().Value, each.getVersion()] for each in found]

    def abort(self) -> Any:
        """What LibreOffice wants with every call."""
        return self.manager.createAbortChannel()

    def find(self, identifier: str) -> Any:
        """The one with this identifier, or None."""
        for each in self.manager.getDeployedExtensions(USER, self.abort(), self.approval):
            if each.getIdentifier().Value == identifier:
                return each
        return None

    def add(self, package: str, identifier: str) -> bool:
        """Add a package, unless just this one is there and in use."""
        there = self.find(identifier)
        if there is not None and same_content(package, self.folder(there)):
            state = there.isRegistered(self.abort(), self.approval)
            if state.IsPresent and state.Value.Value:
                return False
        url = uno.systemPathToFileUrl(package)
        self.manager.addExtension(url, (), USER, self.abort(), self.approval)
        return True

    def remove(self, identifier: str) -> bool:
        """Take an extension away; False where there is none."""
        there = self.find(identifier)
        if there is None:
            return False
        self.manager.removeExtension(identifier, there.getName(), USER, self.abort(), self.approval)
        return True

    def folder(self, extension: Any) -> str:
        """Where LibreOffice has unpacked an extension."""
        url = extension.getURL()
        prefix = "vnd.sun.star.expand:"
        if url.startswith(prefix):
            name = "/singletons/com.sun.star.util.theMacroExpander"
            expander = self.session.context.getValueByName(name)
            url = expander.expandMacros(url[len(prefix) :])
        return str(uno.fileUrlToSystemPath(url))


def same_content(package: str, folder: str) -> bool:
    """Whether a package was unpacked just like this."""
    with zipfile.ZipFile(package) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    found = {}
    for where, _folders, files in os.walk(folder):
        for name in [] if where.endswith("__pycache__") else files:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder).replace(os.sep, "/")] = file.read()
    return found == parts


def compute(session: Session, formulas: list[str]) -> list[str]:
    """What cells show for formulas, in a new document that nobody sees."""
    hidden = PropertyValue(Name="Hidden", Value=True)
    document = session.desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (hidden,))
    try:
        shown = []
        for row, formula in enumerate(formulas):
            cell = document.Sheets.getByIndex(0).getCellByPosition(0, row)
            cell.setFormula(formula)
            shown.append(cell.getString())
        return shown
    finally:
        document.close(True)


def carry_out(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    """Do what was asked."""
    extensions = Extensions(session)
    identifier = request["identifier"]
    answer = {"before": extensions.all(), "changed": False}
    if request.get("package"):
        answer["changed"] = extensions.add(request["package"], identifier)
    if request.get("remove"):
        answer["changed"] = extensions.remove(identifier)
    if request.get("formulas"):
        answer["shown"] = compute(session, request["formulas"])
    answer["after"] = extensions.all()
    there = extensions.find(identifier)
    answer["folder"] = "" if there is None else extensions.folder(there)
    settings = session.service("com.sun.star.util.PathSubstitution")
    user = settings.substituteVariables("$(user)", True)
    answer["profile"] = os.path.dirname(uno.fileUrlToSystemPath(user))
    return answer


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request, whatever happens."""
    held: list[Session] = []

    def give_up() -> None:
        for session in held:
            session.kill()
        say({"error": "it did not answer in time"})
        os._exit(1)

    clock = threading.Timer(PATIENCE, give_up)
    clock.daemon = True
    clock.start()
    try:
        session = Session(request["soffice"], request.get("profile", ""))
        held.append(session)
        try:
            answer = carry_out(session, request)
        finally:
            # Nobody else can have a profile that was made for this.
            session.end(0.0 if request.get("apart") else HANDED_OVER)
        return dict(answer, running=session.running)
    except ManagerError as trouble:
        return {"error": str(trouble)}
    except Exception as error:  # noqa: BLE001  (whatever it is, kfxl says it in one line)
        return {"error": " ".join(str(error).split())[:300] or type(error).__name__}
    finally:
        clock.cancel()


def say(answer: dict[str, Any]) -> None:
    """Write the answer."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(answer_to(json.loads(sys.stdin.readline())))
