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
default_role = "py:obj"  # a link where the name is documented, else code

html_theme = "furo"
html_title = f"xprofile {release}"

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR01", "PR02"}
# the class methods of SkyBins document its parameters; the methods of base classes on the page on
# architecture have one sentence each
numpydoc_validation_exclude = {r"\.SkyBins$", r"\.SphereShape\b", r"\.Statistic\b"}

plot_include_source = True
plot_html_show_formats = False
plot_html_show_source_link = False
# files that examples write go to a temporary folder, which also has the tables that they read
plot_working_directory = tempfile.mkdtemp()
for table in Path(__file__).parent.glob("*.csv"):
    shutil.copy(table, plot_working_directory)
plot_formats = [("png", 130)]
plot_rcparams = {"figure.figsize": (7, 4), "savefig.bbox": "tight"}
