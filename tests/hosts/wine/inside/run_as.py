"""Windows side: runs Python with a user's own folders in the environment.

Wine sets the variables of the folders by itself when a program starts; a program's child takes
them from the program.
"""

from __future__ import annotations

import os
import subprocess
import sys

separator = sys.argv.index("--")
os.environ.update(word.split("=", 1) for word in sys.argv[1:separator])
done = subprocess.run(
    [sys.executable, *sys.argv[separator + 1 :]],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    check=False,
)
# The child writes in the code page of a Windows program whose output goes to a file.
text = done.stdout.decode("mbcs", "replace").replace("\r\n", "\n")
sys.stdout.buffer.write(text.encode("utf-8"))
sys.stdout.flush()
sys.exit(done.returncode)
