"""The files of a bundle that a colleague double-clicks or reads; plain ASCII, as cmd.exe needs.

Folder names are never written into them: what stands in for them, ``%~dp0``, holds every letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from kfxl import __version__

INSTALL, UNINSTALL, README = "Install kfxl.bat", "Uninstall kfxl.bat", "Read me.txt"

# The Store's Python keeps what it installs where Excel cannot see it; the wheels are for 64 bits.
FITS = (
    "import sys, sysconfig; sys.exit(sysconfig.get_platform() != 'win-amd64'"
    " or '%d.%d' % sys.version_info[:2] not in '{pythons}'.split()"
    " or 'windowsapps' in sys.base_prefix.lower())"
)

BATCH = """\
@echo off
rem {about}
setlocal
title kfxl
set "HERE=%~dp0"
set "PYTHON="
if not exist "%HERE%install\\__main__.py" goto packed
if not exist "%HERE%wheels" goto packed
{tries}
if not defined PYTHON call :try python
if not defined PYTHON goto missing
%PYTHON% "%HERE%install"{option}
set "CODE=%ERRORLEVEL%"
echo.
if not "%CODE%"=="0" echo Not finished. The line above says why.
goto end

:try
%* -c "{fits}" >nul 2>nul
if "%ERRORLEVEL%"=="0" set "PYTHON=%*"
exit /b 0

:packed
echo This file works only together with the folders beside it in the zip.
echo Right-click the zip, choose Extract All, and double-click this file in the new folder.
set "CODE=1"
goto end

:missing
echo kfxl needs Python {newest} for 64 bits{others}, and none was found.
echo.
echo 1. Install it from https://www.python.org/downloads/windows/
echo    No administrator is needed. The Python of the Microsoft Store does not serve,
echo    because Excel cannot see what it installs.
echo 2. Double-click this file again.
set "CODE=1"

:end
echo.
pause
exit /b %CODE%
"""

READ_ME = """\
kfxl {version}: Kalman filters, risk budgets and honest backtests in Excel's cells

It needs Windows with 64 bits, Excel, and from python.org
Python {pythons} for 64 bits.
It needs no network and no administrator, and installs for you alone.

INSTALL
1. Right-click the zip, choose Properties, tick Unblock if that is there, and OK.
2. Right-click the zip, choose Extract All. Keep the new folder:
   "{uninstall}" needs it.
3. Close Excel, all of its windows.
4. Double-click "{install}" in the new folder. If Windows warns:
   - "Windows protected your PC": click More info, then Run anyway.
   - "The publisher could not be verified": click Run.
   - Neither is offered: your organisation blocks it. Ask your IT department, or open a
     terminal in this folder and type  {terminal}
5. At the end Excel opens with the template (kfxl.xlsx in Documents) and has a tab kfxl.

UPDATE
1. Extract the new zip, as above, and close Excel.
2. Double-click "{install}" in the new folder. The old folder may then go.

UNINSTALL
1. Close Excel.
2. Double-click "{uninstall}". Your workbooks stay.

IF SOMETHING IS WRONG
Open a terminal and type  kfxl excel check

The packages in the folder wheels are under their own licences, which are inside them.
"""

# `py install` would be a command of Python's install manager, which is called py as well.
TERMINAL = "py -m install"


def scripts(pythons: Sequence[str]) -> dict[str, bytes]:
    """The files by name.

    >>> sorted(scripts(["3.13"]))
    ['Install kfxl.bat', 'Read me.txt', 'Uninstall kfxl.bat']
    """
    ordered = sorted(pythons, key=lambda python: int(python.partition(".")[2]), reverse=True)
    newest, *older = ordered
    tries = [f"if not defined PYTHON call :try py -{python}" for python in (newest, *older)]
    batch = {
        "tries": "\n".join(tries),
        "fits": FITS.format(pythons=" ".join(pythons)).replace("%", "%%"),
        "newest": newest,
        "others": f" ({' or '.join(older)} serves as well)" if older else "",
    }
    texts = {
        INSTALL: BATCH.format(
            **batch,
            option="",
            about="Installs kfxl for you; no administrator and no network are needed.",
        ),
        UNINSTALL: BATCH.format(
            **batch,
            option=" --uninstall",
            about="Takes kfxl away again; your workbooks stay.",
        ),
        README: READ_ME.format(
            version=__version__,
            pythons=" or ".join(filter(None, (", ".join(ordered[:-1]), ordered[-1]))),
            install=INSTALL,
            uninstall=UNINSTALL,
            terminal=TERMINAL,
        ),
    }
    return {name: text.replace("\n", "\r\n").encode("ascii") for name, text in texts.items()}
