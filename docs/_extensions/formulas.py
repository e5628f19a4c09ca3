"""Formulas by the MathJax that is installed with sphinx-mathjax-offline, without a network.

That package copies all of MathJax into the site, 25 MB; the one file that draws all of TeX as SVG
needs no other file, not even fonts.
"""

from importlib.util import find_spec
from pathlib import Path
from shutil import copy

NAME = "tex-svg-full.js"


def _add_script(app):
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent
    target = app.outdir / "_static" / "mathjax" / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    copy(package / "static" / "mathjax" / NAME, target)


def setup(app):
    """Copy MathJax, and let pages load it from there."""
    app.config.mathjax_path = f"mathjax/{NAME}"
    app.config.mathjax3_config = {"startup": {"typeset": True}, "options": {"enableMenu": False}}
    app.connect("builder-inited", _add_script)
    return {"parallel_read_safe": True}
