"""Sphinx configuration."""

import html
import re
import shutil
import sys
import tempfile
from pathlib import Path

import holoviews
import sphinx_autosummary_accessors
from bokeh.embed import file_html
from bokeh.resources import INLINE

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

import inventories

import xprofile

project = "xprofile"
author = "xprofile developers"
copyright = f"2026, {author}"
release = version = xprofile.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "myst_parser",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_autosummary_accessors",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # of this site
    "accessors",
    "formulas",
    "names",
    "phones",
    "root_pages",
]
templates_path = ["_templates", sphinx_autosummary_accessors.templates_path]
exclude_patterns = ["_build"]

# each name is a link, or an error
default_role = "py:obj"
rst_prolog = ".. py:currentmodule:: xprofile\n"
nitpicky = True
intersphinx_mapping = inventories.intersphinx_mapping()

html_theme = "pydata_sphinx_theme"
html_title = f"xprofile {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
html_context = {"default_mode": "auto"}  # dark or light, as the browser says
html_show_sourcelink = False

autosummary_generate = True
autodoc_typehints = "none"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

numpydoc_show_class_members = False
numpydoc_use_plots = True  # examples that import matplotlib show their figures
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    **inventories.type_names(),
    "SkyBins": "xprofile.SkyBins",
    "collection": "collections.abc.Collection",
    "hashable": ":term:`hashable`",
    "mapping": ":term:`mapping`",
    "path-like": "os.PathLike",
    **{name: f"xprofile.exceptions.{name}" for name in xprofile.exceptions.__all__},
}
numpydoc_xref_ignore = "all"  # words that are not names of types
numpydoc_validation_checks = {"PR01", "PR02"}
# the class methods of SkyBins document its parameters; the methods of base classes on the page on
# architecture have one sentence each
numpydoc_validation_exclude = {r"\.SkyBins$", r"\.SphereShape\b", r"\.Statistic\b"}

plot_include_source = True
plot_html_show_formats = False
plot_html_show_source_link = False
# files that examples write go to a temporary folder, which also has the tables that they read
plot_working_directory = tempfile.mkdtemp()
for table in Path(__file__).parent.glob("*/*.csv"):
    shutil.copy(table, plot_working_directory)
plot_formats = [("png", 130)]
plot_rcparams = {"figure.figsize": (7, 4), "savefig.bbox": "tight"}


def frame(figure):
    """Return an interactive figure as a frame that needs no network."""
    plot = holoviews.render(figure, backend="bokeh")
    plot.sizing_mode = "stretch_width"
    page = file_html(plot, INLINE)
    # scripts of widgets that Panel defines, which no figure has
    page = re.sub(r'<script src="static/[^"]*"></script>', "", page)
    style = "width: 100%; height: 340px; border: 0; background: white"
    return f'<iframe srcdoc="{html.escape(page)}" style="{style}"></iframe>'


holoviews.core.Dimensioned._repr_html_ = frame  # which the gallery looks for

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",  # all are executed
    "abort_on_example_error": True,
    "doc_module": ("xprofile",),
    "reference_url": {"xprofile": None},
    "backreferences_dir": "reference/generated/examples",
    "min_reported_time": 10,
    "subsection_order": [
        f"../examples/gallery/{name}"
        for name in ("first_steps", "sources", "statistics", "data", "figures_and_tables")
    ],
    "ignore_repr_types": r"matplotlib\.",
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": ("matplotlib", "gallery_figures.without_margins"),
    "capture_repr": ("_repr_html_",),
    "download_all_examples": False,
    "write_computation_times": False,  # a page that loads scripts from elsewhere
    "show_memory": False,
    "remove_config_comments": True,
}
