"""Write a pip constraints file with the oldest versions that pyproject.toml allows."""

import re
import sys
import tomllib
from pathlib import Path

pyproject = Path(__file__).parent.parent / "pyproject.toml"
project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
requirements = project["dependencies"] + project["optional-dependencies"]["dev"]
oldest = [re.sub(r"\[.*\]", "", text).replace(">=", "==") for text in requirements]
loose = [text for text in oldest if "==" not in text]
if loose:
    sys.exit(f"No lower bound in pyproject.toml: {', '.join(loose)}. Write name>=version.")
Path(sys.argv[1]).write_text("\n".join(oldest) + "\n", encoding="utf-8")
