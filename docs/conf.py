"""Sphinx configuration."""

import shutil
import tempfile
from importlib.metadata import version as installed_version
from pathlib import Path

project = "xprofile"
author = "xprofile developers"
copyright = f"2026, {author}"
release = version = installed_version(project)

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "code"

html_theme = "furo"
html_title = f"xprofile {release}"

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR01", "PR02"}
# one line over functions that say it all; made by its class methods, which say it
numpydoc_validation_exclude = {r"\.accessor\.", r"\.SkyBins$"}

plot_include_source = True
plot_html_show_formats = False
plot_html_show_source_link = False
# figures are made where their files do no harm, beside the tables that some of them read
plot_working_directory = tempfile.mkdtemp()
for table in Path(__file__).parent.glob("*.csv"):
    shutil.copy(table, plot_working_directory)
plot_formats = [("png", 130)]
plot_rcparams = {"figure.figsize": (7, 4), "savefig.bbox": "tight"}
