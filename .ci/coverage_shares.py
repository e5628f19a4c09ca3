"""Compare a report of coverage.py in JSON with the shares that pyproject.toml asks for."""

import json
import sys
import tomllib
from pathlib import Path

pyproject = Path(__file__).parent.parent / "pyproject.toml"
least = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["xprofile"]["coverage"]
totals = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["totals"]
found = {
    "statements": 100 * totals["covered_lines"] / totals["num_statements"],
    "branches": 100 * totals["covered_branches"] / totals["num_branches"],
}
for name, share in found.items():
    print(f"{name}: {share:.2f} % (at least {least[name]} %)")
if any(share < least[name] for name, share in found.items()):
    sys.exit("The tests run less of the code than they should: add tests of the lines above.")
