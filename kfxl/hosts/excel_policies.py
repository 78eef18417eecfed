"""Settings of Excel's Trust Center, and policies of an organisation, that stop an add-in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from kfxl.errors import InputError
from kfxl.hosts.excel_open import ADDIN
from kfxl.hosts.excel_windows import OFFICE, Windows, expanded

POLICIES = r"Software\Policies\Microsoft\Office"
SIGNED_ONLY, NONE_AT_ALL = 3, 4  # values of VBAWarnings; 1 and 2 let add-ins run
DEFENDER = r"HKLM\Software\Policies\Microsoft\Windows Defender"
ATTACK_SURFACE = rf"{DEFENDER}\Windows Defender Exploit Guard\ASR\Rules"  # of group policies
MANAGED = rf"{DEFENDER}\Policy Manager"  # of Intune and the like
# Rules of Defender against what the add-in has to do, by their identifiers.
RULES = {
    "d4f940ab-401b-4efc-aadc-ad5f3c50688a": "Office to start programs, and kfxl's Python is one",
    "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b": "macros to call Windows, as kfxl's must",
}
TRUST_CENTER = "Excel: File, Options, Trust Center, Trust Center Settings"
ORGANISATION = "your organisation has set this: ask whoever manages this computer"


@dataclass(frozen=True)
class Setting:
    """A setting as it is in force: its number, and whether a policy says so."""

    number: int
    policy: bool

    def remedy(self, page: str) -> str:
        """Where it can be changed."""
        return ORGANISATION if self.policy else f"{TRUST_CENTER}, {page}"


def obstacles(windows: Windows, version: str, addin: Path) -> Iterator[str]:
    """What keeps one Excel from running the add-in, each with its remedy."""
    security = rf"{version}\Excel\Security"
    off = setting(windows, rf"{version}\Common", "VBAOff")
    if off and off.number == 1:
        yield f"macros are switched off for all of Office; {off.remedy('Macro Settings')}"
    every = setting(windows, security, "DisableAllAddins")
    if every and every.number == 1:
        yield f"all add-ins are switched off; {every.remedy('Add-ins')}"
    signed = setting(windows, security, "RequireAddinSig")
    if signed and signed.number == 1:
        yield f"add-ins must be signed, and kfxl's is not; {signed.remedy('Add-ins')}"
    macros = setting(windows, security, "VBAWarnings")
    strict = macros is not None and macros.number in (SIGNED_ONLY, NONE_AT_ALL)
    if macros and strict and not trusted(windows, version, addin.parent):
        kind = "all macros" if macros.number == NONE_AT_ALL else "macros without a signature"
        yield (
            f"{kind} are disabled without notice, which can keep kfxl's functions from running; "
            f"{TRUST_CENTER}, Trusted Locations: add {addin.parent}"
            + (f" ({ORGANISATION})" if macros.policy else "")
        )
    if _not_on_the_list(windows, version):
        yield f"only add-ins on a list may run, and {ADDIN} is not one of them; {ORGANISATION}"
    for rule, what in RULES.items():
        if _blocks(windows, rule):
            problem = f"Windows Defender does not allow {what} (rule {rule})"
            yield f"{problem}; {ORGANISATION} for an exception for {addin}"


def _blocks(windows: Windows, rule: str) -> bool:
    """Whether a policy has Defender enforce one of its rules against attacks."""
    # What must not be read of the machine's part is no reason to stop.
    with contextlib.suppress(InputError):
        value = windows.registry.value(ATTACK_SURFACE, rule)
        if value is not None:
            return str(value.data).strip() == "1"
        every = windows.registry.value(MANAGED, "ASRRules")  # rule=1|rule=2
        enforced = re.compile(rf"{rule}\s*=\s*1(?!\d)", re.IGNORECASE)
        return every is not None and enforced.search(str(every.data)) is not None
    return False


def setting(windows: Windows, key: str, name: str) -> Setting | None:
    """The number under a name, of a policy before the user's own; None where it is not set."""
    roots = (rf"HKCU\{POLICIES}", rf"HKLM\{POLICIES}", OFFICE)
    for root in roots:
        value = windows.registry.value(rf"{root}\{key}", name)
        # Most are numbers; some tools write them as text.
        if value is not None and str(value.data).isdecimal():
            return Setting(int(str(value.data)), root != OFFICE)
    return None


def trusted(windows: Windows, version: str, folder: Path) -> bool:
    """Whether a folder is one of Excel's trusted locations, from which macros always run."""
    locations = rf"{version}\Excel\Security\Trusted Locations"
    none = setting(windows, locations, "AllLocationsDisabled")
    if none and none.number == 1:
        return False
    wanted = PureWindowsPath(folder)
    for root in (rf"HKCU\{POLICIES}", OFFICE):
        for name in windows.registry.subkeys(rf"{root}\{locations}"):
            values = windows.registry.values(rf"{root}\{locations}\{name}")
            named = {name.casefold(): value.data for name, value in values.items()}
            path = PureWindowsPath(expanded(str(named.get("path") or ""), windows.variables))
            deep = named.get("allowsubfolders") == 1
            if path.parts and (wanted == path or (deep and wanted.is_relative_to(path))):
                return True
    return False


def _not_on_the_list(windows: Windows, version: str) -> bool:
    """Whether a policy blocks the add-in by name, or all that it does not name."""
    resiliency = rf"{version}\Excel\Resiliency"
    restricted = setting(windows, resiliency, "RestrictToList")
    listed = setting(windows, rf"{resiliency}\AddinList", ADDIN)
    if listed is not None:
        return listed.number == 0
    return restricted is not None and restricted.number == 1
