"""Links to other projects without their servers.

Each file of ``docs/_inventories`` lists the names of one project that this site links to: the
address of its documentation in the first line, then the role, the name, and the page of each name
(``$`` stands for the name). `objects.inv` files, as intersphinx reads them, are made of these.
"""

import tempfile
from pathlib import Path

import sphobjinv

FOLDER = Path(__file__).parents[1] / "_inventories"


def intersphinx_mapping():
    """Write an inventory of each project to a temporary folder; give what intersphinx needs."""
    output = Path(tempfile.mkdtemp(prefix="inventories-"))
    return {path.stem: _write(path, output) for path in sorted(FOLDER.glob("*.txt"))}


def type_names():
    """Names of types and errors in docstrings, and their links; the short ones are of astropy."""
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")]
    lines = [line.split() for text in texts for line in text.splitlines() if " " in line]
    names = [words[1] for words in lines if words[0] in ("class", "exception")]
    short = {name.rpartition(".")[2]: name for name in names if name.startswith("astropy.")}
    return short | {name: f":obj:`{name}`" for name in names}


def _write(path, output):
    address, *lines = path.read_text(encoding="utf-8").splitlines()
    inventory = sphobjinv.Inventory()
    inventory.project, inventory.version = path.stem, ""
    inventory.objects.extend(_entry(line) for line in lines if line.strip())
    target = output / f"{path.stem}.inv"
    sphobjinv.writebytes(str(target), sphobjinv.compress(inventory.data_file()))
    return address, str(target)


def _entry(line):
    role, name, page = line.split()
    domain, _, role = role.rpartition(":")
    return sphobjinv.DataObjStr(
        name=name,
        domain=domain or "py",
        role=role,
        priority="1",
        uri=page.replace("$", name),
        dispname="-",
    )
