"""``python -m kfxl`` is the command ``kfxl``."""

import sys

from kfxl.cli import main

if __name__ == "__main__":
    sys.exit(main())
