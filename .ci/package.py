"""Check the version of a release, or unpack the sdist without the package, for `nox -s package`."""

import re
import shutil
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def check_version(tag: str) -> None:
    """Exit if a tag, and what the changelog says of it, are not those of the package."""
    version = PROJECT["version"]
    if tag != f"v{version}":
        sys.exit(f"The tag is {tag}; that of version {version} in pyproject.toml is v{version}.")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M):
        sys.exit(f"CHANGELOG.md has no line '## [{version}] - YYYY-MM-DD'.")


def unpack(folder: Path) -> None:
    """Unpack the sdist of dist/ into a folder, without the package, so that tests use the wheel."""
    name = f"{PROJECT['name'].replace('-', '_')}-{PROJECT['version']}"
    with tarfile.open(ROOT / "dist" / f"{name}.tar.gz") as archive:
        archive.extractall(folder.parent, filter="data")
    shutil.move(folder.parent / name, folder)
    shutil.rmtree(folder / "xprofile")


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    if task == "unpack":
        unpack(Path(arguments[0]))
    elif arguments:  # without a tag there is nothing to compare
        check_version(arguments[0])
