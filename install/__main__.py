"""``python3 install``: sets kfxl up for the user who runs it.

This file is kept readable for every Python, also 2.7, because the first thing it has to do is to
tell an old one that it is too old; its siblings need 3.11.
"""

import os
import sys

NEEDED = (3, 11)

if sys.version_info[:2] < NEEDED:
    sys.stderr.write(
        "kfxl install: Python: this is version %d.%d and kfxl needs %d.%d or later; "  # noqa: UP031
        % (sys.version_info[:2] + NEEDED)
        + "install one (python.org, or your system's packages) and run it as: python3.11 install\n"
    )
    sys.exit(1)

# Python put this folder first on the path; the package `install` is found one level up, and the
# other folders there must not be found before installed packages by accident.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from install.command import main  # noqa: E402

sys.exit(main())
