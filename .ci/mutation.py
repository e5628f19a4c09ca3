"""Change the code at random places, and see whether the tests of its topic notice: mutation tests.

python .ci/mutation.py FOLDER TOPIC... [--number 40] [--seed 1]

mutmut makes all mutants of the modules of a topic in a copy of the checkout, in FOLDER, and runs
its tests on a random sample of those that change more than a text. The sample of a seed is always
the same, as long as the code is. Changes that no test noticed are printed, and fail the run, unless
docs/statistics/mutants.csv says why they change no result.
"""

import argparse
import contextlib
import csv
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant

ROOT = Path(__file__).parent.parent
COPIED = ("xprofile", "tests", "examples", "docs", "benchmarks", "pyproject.toml", "README.md")
# of each topic: the modules that are changed, and the tests that should notice
TOPICS = {
    "likelihood": (["xprofile/likelihood/*"], ["tests/likelihood"]),
    "sums": (
        ["xprofile/binned/sums/*"],
        [
            "tests/binned/sums",
            "tests/binned/test_binning.py",
            "tests/binned/test_onoff.py",
            "tests/binned/test_response_positions.py",
            "tests/binned/mixing/test_psf_binning.py",
        ],
    ),
    "members": (
        ["xprofile/binned/members/*"],
        [
            "tests/binned/members",
            "tests/binned/test_subpixel_limits.py",
            "tests/binned/test_subpixel_overlap.py",
        ],
    ),
    "sed": (
        ["xprofile/profile/sed.py"],
        [
            "tests/profile/test_sed.py",
            "tests/profile/test_brightness_units.py",
            "tests/profile/test_covariance.py",
        ],
    ),
    "mixing": (
        [
            "xprofile/binned/mixing/*",
            "xprofile/binned/psf/mixing.py",
            "xprofile/spectrum/mixing.py",
        ],
        ["tests/binned/mixing", "tests/binned/psf", "tests/spectrum/test_mixing.py"],
    ),
}
CONFIG = """
[tool.mutmut]
source_paths = ["xprofile"]
only_mutate = {modules}
also_copy = ["examples", "docs", "benchmarks", "README.md"]
pytest_add_cli_args = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
pytest_add_cli_args_test_selection = {tests}
timeout_constant = 20.0
"""
SURVIVED, UNTESTED = 0, 33  # of the codes that mutmut keeps; others are failures and timeouts


def copy_checkout(folder: Path, modules: list[str], tests: list[str]) -> None:
    """Copy the checkout into a folder, with the settings of mutmut for one topic."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(CONFIG.format(modules=json.dumps(modules), tests=json.dumps(tests)))


def mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut in a folder and return what it printed."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def results(folder: Path) -> dict[str, int | None]:
    """Exit code of the tests of each mutant, None where they have not run."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def lines_of(change: str) -> tuple[str, str]:
    """Lines that a change removes and adds, each as one text."""
    lines = change.splitlines()
    found = [
        [line[1:].strip() for line in lines if re.match(mark, line)]
        for mark in (r"-(?!--)", r"\+(?!\+\+)")
    ]
    return " ".join(found[0]), " ".join(found[1])


def is_text(change: str) -> bool:
    """Tell whether two lines differ in a text alone, such as that of an error."""
    old, new = (re.sub(r"""("[^"]*"|'[^']*')""", "", text) for text in lines_of(change))
    return old == new


def place_of(name: str) -> str:
    """Module and function of a mutant, without its number: they stay if the function changes."""
    module, _, function = name.removeprefix("xprofile.").rpartition(".")
    plain = re.sub(r"__mutmut_\d+$", "", function).removeprefix("x_")
    return f"{module}.{plain.replace('xǁ', '').replace('ǁ', '.')}"


def listed() -> set[tuple[str, ...]]:
    """Place, old and new lines of the changes that are known to change no result."""
    with (ROOT / "docs" / "statistics" / "mutants.csv").open(encoding="utf-8", newline="") as file:
        return {(row["place"], row["old"], row["new"]) for row in csv.DictReader(file)}


def sample(folder: Path, names: list[str], number: int, seed: int) -> dict[str, str]:
    """Draw mutants, and return the change of each."""
    random.Random(seed).shuffle(names)
    drawn: dict[str, str] = {}
    with contextlib.chdir(folder):
        for name in names:
            if len(drawn) == number:
                break
            module = name.rpartition(".")[0].replace(".", "/")
            change = get_diff_for_mutant(name, path=f"{module}.py")
            if not is_text(change):
                drawn[name] = change
    return drawn


def run_topic(folder: Path, topic: str, number: int, seed: int) -> int:
    """Run the tests of a topic on its sample, print what survives, and return how many."""
    copy_checkout(folder, *TOPICS[topic])
    log = mutmut(
        folder, "run", "no mutant of this name"
    )  # makes them all, and notes who tests what
    names = sorted(results(folder))
    if not names:
        sys.exit(log)
    drawn = sample(folder, names, number, seed)
    log = mutmut(folder, "run", *drawn)
    found = {name: code for name, code in results(folder).items() if name in drawn}
    if any(code is None for code in found.values()):
        sys.exit(log)
    alive = [name for name, code in found.items() if code in (SURVIVED, UNTESTED)]
    known = [name for name in alive if (place_of(name), *lines_of(drawn[name])) in listed()]
    for name in sorted({*alive} - {*known}):
        print(f"{name}{' (no test)' if found[name] == UNTESTED else ''}\n{drawn[name]}")
    killed, new = len(found) - len(alive), len(alive) - len(known)
    print(
        f"{topic}: {len(names)} mutants, {len(found)} run, {killed} noticed, {len(known)} listed, "
        f"{new} not noticed",
        flush=True,
    )
    return new


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("topics", nargs="*", default=list(TOPICS), metavar="TOPIC")
    parser.add_argument("--number", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    left = [
        run_topic(options.folder / name, name, options.number, options.seed)
        for name in options.topics or TOPICS
    ]
    if any(left):
        sys.exit("Tests did not notice the changes above: add tests, or list why nothing changes.")
