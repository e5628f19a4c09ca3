"""Pages of files that lie beside the package, such as CONTRIBUTING.md.

A page of the site has the name of such a file alone; this puts its text there. Links to files of
the repository lead to their pages, or become plain text where there is none. Names in code are
links where the site or another project documents them, as in the pages of this site.
"""

import re
from pathlib import Path, PurePosixPath

from docutils import nodes
from sphinx.addnodes import pending_xref

ROOT = Path(__file__).parents[2]
SOURCES = {
    "project/contributing": "CONTRIBUTING.md",
    "project/changelog": "CHANGELOG.md",
    "project/conduct": "CODE_OF_CONDUCT.md",
}
PAGES = {source: document for document, source in SOURCES.items()}
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")


def _read(app, document, text):
    if document not in SOURCES:
        return
    path = ROOT / SOURCES[document]
    app.env.note_dependency(path)
    text[0] = LINK.sub(_relink, path.read_text(encoding="utf-8"))


def _relink(match):
    text, target = match.groups()
    page = PAGES.get(target)
    if target.startswith("docs/"):
        page = str(PurePosixPath(target).relative_to("docs").with_suffix(""))
    return f"[{text}](/{page})" if page else text


def _link_names(app, doctree):
    document = app.env.current_document.docname
    if document not in SOURCES:
        return
    for literal in list(doctree.findall(nodes.literal)):
        text = literal.astext()
        if literal.parent is not None and re.fullmatch(r"[A-Za-z_][\w.]*(\(.*\))?", text):
            link = pending_xref("", refdomain="py", reftype="obj", reftarget=text, refdoc=document)
            link["optional"] = True
            literal.replace_self(link)
            link += literal


def setup(app):
    """Fill the pages when they are read."""
    app.connect("source-read", _read)
    app.connect("doctree-read", _link_names)
    return {"parallel_read_safe": True}
