"""What is right and what is wrong between a cell and kfxl, line by line."""

from __future__ import annotations

import json
import pathlib
import platform
from typing import TYPE_CHECKING, Any

from kfxl_calc.failures import message
from kfxl_calc.unotypes import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    Finding = tuple[str, bool, str]


def lines(context: Any, ask: Callable[[], list[list[Any]]]) -> str:
    """All findings, what is wrong first; ``ask`` gets those of kfxl's process."""
    found: list[Finding] = [
        _tried("LibreOffice", lambda: _version(context)),
        _tried("extension", lambda: f"{_settings()['version']} in {_folder()}"),
        ("LibreOffice's Python", True, platform.python_version()),
    ]
    try:
        found += [(str(what), bool(good), str(text)) for what, good, text in ask()]
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what the user has to know)
        found.append(("kfxl", False, message(error)))
    found.sort(key=lambda item: item[1])
    return "\n".join(f"{'OK' if good else 'WRONG'}  {what}: {text}" for what, good, text in found)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return what, True, look()
    except Exception as error:  # noqa: BLE001  (the others are looked at all the same)
        return what, False, f"{type(error).__name__}: {error}"


def _folder() -> pathlib.Path:
    return pathlib.Path(__file__).parent


def _settings() -> Any:
    return json.loads((_folder() / "settings.json").read_text(encoding="utf-8"))


def _version(context: Any) -> str:
    """LibreOffice's name and version, as it says them itself."""
    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    product = provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess",
        properties(nodepath="/org.openoffice.Setup/Product"),
    )
    return f"{product.ooName} {product.ooSetupVersionAboutBox}"
