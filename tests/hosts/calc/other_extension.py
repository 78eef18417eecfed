"""Another extension than ours, as small as one can be: a service in Python."""

from __future__ import annotations

import io
import zipfile

OTHER = "org.example.other"
MANIFEST = """\
<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">
 <manifest:file-entry manifest:full-path="other.py"
  manifest:media-type="application/vnd.sun.star.uno-component;type=Python"/>
</manifest:manifest>
"""
DESCRIPTION = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<description xmlns="http://openoffice.org/extensions/description/2006">
 <identifier value="{OTHER}"/><version value="1.0"/>
 <display-name><name lang="en">Other</name></display-name>
</description>
"""
COMPONENT = f"""\
import unohelper


class Other(unohelper.Base):
    def __init__(self, context):
        pass


g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(Other, "{OTHER}.Other", ("{OTHER}.Other",))
"""


def other_extension() -> bytes:
    """The extension as a file's content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("META-INF/manifest.xml", MANIFEST)
        package.writestr("description.xml", DESCRIPTION)
        package.writestr("other.py", COMPONENT)
    return stream.getvalue()
