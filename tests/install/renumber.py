"""The same wheel under another number: what an upgrade comes from, or goes to.

``python -m tests.install.renumber WHEEL VERSION FOLDER`` prints where it is.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile


def renumber(wheel: Path, version: str, folder: Path) -> Path:
    """Nothing but the number differs, so whatever else an upgrade shows is the upgrade's."""
    name, was, *tags = wheel.name.split("-")
    info, made = f"{name}-{version}.dist-info", folder / "-".join([name, version, *tags])
    rows = []
    with ZipFile(wheel) as source, ZipFile(made, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            path = entry.filename.replace(f"{name}-{was}.dist-info", info, 1)
            content = source.read(entry)
            if path == f"{info}/METADATA":
                number = b"Version: " + version.encode()
                content = re.sub(rb"(?m)^Version: .*$", number, content, count=1)
            if path != f"{info}/RECORD":
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
                rows.append(f"{path},sha256={digest.decode()},{len(content)}\n")
                target.writestr(path, content)
        target.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))
    return made


if __name__ == "__main__":
    print(renumber(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
