"""Runs when Windows Python starts: works around what Wine 8.0 lacks; real Windows has it all."""

import ctypes
import os
import sys

if hasattr(ctypes.WinDLL("ntdll"), "wine_get_version"):
    # numpy calls complex functions of C99, which end the program here.
    ctypes.WinDLL(os.path.join(sys.exec_prefix, "kfxl_c99_complex.dll"))
    # platform asks WMI first and takes its absence for an answer.
    sys.modules["_wmi"] = None
    # shutil.copy2 uses it where it is there, and it is there as a name only.
    import _winapi

    if hasattr(_winapi, "CopyFile2"):
        del _winapi.CopyFile2
