"""What LibreOffice loads of kfxl: the worksheet functions, the menu's commands, a document's job.

Runs in LibreOffice's own Python; the work is done by kfxl's process (:mod:`kfxl_calc.child`).
No exception leaves a function: cells show one line of text.
"""

from __future__ import annotations

import json
import os
from typing import Any

import unohelper
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.lang import XInitialization, XServiceInfo
from com.sun.star.sheet import XAddIn
from com.sun.star.task import XJob
from kfxl_calc import book, child, formulas, menu, ranges
from org.kfxl.addin import XKfxl

with open(
    os.path.join(os.path.dirname(child.__file__), "settings.json"), encoding="utf-8"
) as _file:
    SETTINGS: dict[str, Any] = json.load(_file)

ADDIN = SETTINGS["service"]
MENU, JOB = f"{ADDIN}Menu", f"{ADDIN}Job"
PROTOCOL = "kfxl:"
SUCCESS, FAILURE = 1, 0  # com.sun.star.frame.DispatchResultState
CHILD = child.Child(SETTINGS["interpreters"], SETTINGS["version"])


class _Service(unohelper.Base, XServiceInfo):  # type: ignore[misc]
    """The part of every service of this extension that is alike."""

    SERVICES: tuple[str, ...] = ()

    def getImplementationName(self) -> str:
        return self.SERVICES[0]

    def supportsService(self, name: str) -> bool:
        return name in self.SERVICES

    def getSupportedServiceNames(self) -> tuple[str, ...]:
        return self.SERVICES


def _function(name: str) -> Any:
    """The method that stands for a worksheet function."""

    def method(_: Any, document: Any, *arguments: Any) -> Any:
        try:
            request: dict[str, Any] = {"call": name}
            request["arguments"] = [ranges.plain(each) for each in arguments]
            if document is not None:
                request["days"] = book.days_of(document)
            answer = CHILD.ask(request)
            return ranges.cells(answer["result"] if "result" in answer else answer["error"])
        except child.ChildError as error:
            return ranges.cells(ranges.wrong(str(error)))
        except Exception as error:
            return ranges.cells(ranges.wrong(f"unexpected: {type(error).__name__}: {error}"))

    return method


class _AddIn(_Service, XKfxl, XAddIn):  # type: ignore[misc]
    """The worksheet functions; their names and help are in the configuration."""

    SERVICES = (ADDIN, "com.sun.star.sheet.AddIn")

    def __init__(self, context: Any) -> None:
        self._locale: Any = None

    def setLocale(self, locale: Any) -> None:
        self._locale = locale

    def getLocale(self) -> Any:
        return self._locale

    def getProgrammaticFuntionName(self, name: str) -> str:  # the interface spells it so
        return next((key for key, value in SETTINGS["methods"].items() if value == name), "")

    def getDisplayFunctionName(self, name: str) -> str:
        return str(SETTINGS["methods"].get(name, ""))

    def getFunctionDescription(self, name: str) -> str:
        return ""

    def getDisplayArgumentName(self, name: str, argument: int) -> str:
        return ""

    def getArgumentDescription(self, name: str, argument: int) -> str:
        return ""

    def getProgrammaticCategoryName(self, name: str) -> str:
        return "Add-In"

    def getDisplayCategoryName(self, name: str) -> str:
        return "Add-In"


AddIn = type("AddIn", (_AddIn,), {m: _function(n) for m, n in SETTINGS["methods"].items()})


class Menu(_Service, XDispatchProvider, XNotifyingDispatch, XInitialization):  # type: ignore[misc]
    """Carries out ``kfxl:COMMAND``; the result of a dispatch is the text that the user sees."""

    SERVICES = (MENU, "com.sun.star.frame.ProtocolHandler")

    def __init__(self, context: Any) -> None:
        self._context = context
        self._frame: Any = None

    def initialize(self, arguments: tuple[Any, ...]) -> None:
        if arguments:
            self._frame = arguments[0]

    def queryDispatch(self, url: Any, frame: str, flags: int) -> Any:
        return self if url.Protocol == PROTOCOL and url.Path in menu.COMMANDS else None

    def queryDispatches(self, requests: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.queryDispatch(r.FeatureURL, r.FrameName, r.SearchFlags) for r in requests)

    def dispatch(self, url: Any, arguments: tuple[Any, ...]) -> None:
        self._done(url, arguments)

    def dispatchWithNotification(self, url: Any, arguments: Any, listener: Any) -> None:
        text = self._done(url, arguments)
        state = FAILURE if text.startswith(ranges.MARK) else SUCCESS
        if listener is not None:
            listener.dispatchFinished(DispatchResultEvent(self, state, text))

    def addStatusListener(self, listener: Any, url: Any) -> None:
        """Every command can be used at any time, which is what a menu takes for granted."""

    def removeStatusListener(self, listener: Any, url: Any) -> None:
        """None is kept."""

    def _done(self, url: Any, arguments: tuple[Any, ...]) -> str:
        silent = any(each.Name == "Silent" and each.Value for each in arguments)
        return menu.carry_out(url.Path, menu.Office(self._context, self._frame, CHILD), silent)


class Job(_Service, XJob):  # type: ignore[misc]
    """Sees to the names of functions when a document has been opened or saved."""

    SERVICES = (JOB, "com.sun.star.task.Job")

    def __init__(self, context: Any) -> None:
        self._context = context

    def execute(self, arguments: tuple[Any, ...]) -> None:
        try:
            given = {each.Name: each.Value for each in arguments}
            about = {each.Name: each.Value for each in given.get("Environment", ())}
            event, document = about.get("EventName", ""), about.get("Model")
            formulas.after(self._context, event, document, ADDIN, SETTINGS["methods"])
        except Exception as error:
            formulas.report(error)


g_ImplementationHelper = unohelper.ImplementationHelper()
for _service, _names in ((AddIn, _AddIn.SERVICES), (Menu, Menu.SERVICES), (Job, Job.SERVICES)):
    g_ImplementationHelper.addImplementation(_service, _names[0], _names)
