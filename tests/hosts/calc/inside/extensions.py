"""Installs and removes extensions, which works for any user, root too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MANAGER = "/singletons/com.sun.star.deployment.ExtensionManager"
REPOSITORY = "user"


def install(context: Any, path: str) -> str:
    """Add an extension; the answer is its identifier."""
    manager = context.getValueByName(MANAGER)
    added = manager.addExtension(
        Path(path).as_uri(), (), REPOSITORY, manager.createAbortChannel(), _approving()
    )
    return str(added.getIdentifier().Value)


def remove(context: Any, identifier: str) -> None:
    """Remove the extension of that identifier."""
    manager = context.getValueByName(MANAGER)
    name = next(
        package.getName()
        for package in _packages(manager)
        if package.getIdentifier().Value == identifier
    )
    manager.removeExtension(
        identifier, name, REPOSITORY, manager.createAbortChannel(), _approving()
    )


def installed(context: Any) -> list[list[str]]:
    """Identifier, version and place of the user's extensions."""
    manager = context.getValueByName(MANAGER)
    return [
        [package.getIdentifier().Value, package.getVersion(), package.getURL()]
        for package in _packages(manager)
    ]


def _packages(manager: Any) -> tuple[Any, ...]:
    found = manager.getDeployedExtensions(REPOSITORY, manager.createAbortChannel(), _approving())
    return tuple(found)


def _approving() -> Any:
    """An environment that says yes to whatever is asked and shows nothing."""
    import uno
    import unohelper
    from com.sun.star.task import XInteractionHandler
    from com.sun.star.ucb import XCommandEnvironment, XProgressHandler

    approve = uno.getTypeByName("com.sun.star.task.XInteractionApprove")

    class Approving(
        unohelper.Base,  # type: ignore[misc]
        XCommandEnvironment,  # type: ignore[misc]
        XInteractionHandler,  # type: ignore[misc]
        XProgressHandler,  # type: ignore[misc]
    ):
        def getInteractionHandler(self) -> Any:
            return self

        def getProgressHandler(self) -> Any:
            return self

        def handle(self, request: Any) -> None:
            for continuation in request.getContinuations():
                chosen = continuation.queryInterface(approve)
                if chosen is not None:
                    chosen.select()
                    return

        def push(self, status: Any) -> None:
            pass

        def update(self, status: Any) -> None:
            pass

        def pop(self) -> None:
            pass

    return Approving()
