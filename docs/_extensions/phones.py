"""Tables and figures that can be read on a phone.

Tables of text become one block for each row on narrow screens, by ``site.css``: each cell of such a
table starts with the name of its column, which wide screens hide. Figures of several panels keep a
width at which their text can be read, and scroll.
"""

from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_gallery.directives import imgsgnode

TEXT = 60  # letters of the longest cells of all columns, which a phone cannot show side by side
COLUMNS = 4
PANELS = 915  # pixels of a figure that is wider than one panel
DRAWING = 700  # pixels of a drawing


class Phones(SphinxPostTransform):
    """Mark tables of text and wide figures."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        """Look at all tables and images of a page."""
        for table in self.document.findall(nodes.table):
            _stack(table)
        source = Path(self.env.srcdir)
        for image in self.document.findall(nodes.image):
            if _is_wide(image, source):
                image["classes"].append("wide")
        for image in list(self.document.findall(imgsgnode)):  # of the gallery
            if _is_wide(image, source):
                image["class"] = [" ".join([*image["class"], "wide"])]
                frame = nodes.container(classes=["figure"])
                image.replace_self(frame)
                frame += image


def _stack(table):
    rows = [list(row.findall(nodes.entry)) for row in table.findall(nodes.row)]
    if next(table.findall(nodes.thead), None) is None or not 2 <= len(rows[0]) <= COLUMNS:
        return
    if len({len(row) for row in rows}) > 1:  # with merged cells
        return
    columns = list(zip(*rows, strict=True))
    if sum(max(len(cell.astext()) for cell in column) for column in columns) > TEXT:
        table["classes"].append("stacked")
        for name, *cells in columns:
            for cell in cells:
                _label(cell, name.astext())


def _label(cell, name):
    if cell.astext() and name:
        cell.insert(0, nodes.paragraph("", "", nodes.inline("", name), classes=["column"]))
    elif not cell.astext():
        cell["classes"].append("empty")


def _is_wide(image, source):
    path = source / image["uri"].lstrip("/")
    if path.suffix == ".png" and path.is_file():
        with Image.open(path) as picture:
            return picture.width > PANELS
    return path.suffix == ".svg" and int(image.get("width", 0)) >= DRAWING


def setup(app):
    """Mark tables and figures when pages are written."""
    app.add_post_transform(Phones)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
