"""Check a built site: links and anchors inside it lead somewhere, and no page loads from outside.

Usage: python docs/check_site.py FOLDER
"""

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINKS = {"href", "src", "data", "poster", "srcset"}
IDS = {"id", "name"}
LOADS = {"script", "img", "iframe", "source", "video", "audio", "object", "embed"}
OUTSIDE = re.compile(r"^(https?:)?//")
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


class Page(HTMLParser):
    """Links of a page and its frames, whether each is loaded, and the anchors that lead into it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note the links and anchors of a tag."""
        attrs = dict(attrs)
        self.anchors |= {attrs[name] for name in IDS if attrs.get(name)}
        loads = tag in LOADS or (tag == "link" and _is_loaded(attrs.get("rel") or ""))
        for name in LINKS & attrs.keys():
            for link in _addresses(name, attrs[name] or ""):
                self.links.append((link, loads))
        self.links += Page(attrs["srcdoc"]).links if attrs.get("srcdoc") else []


def _is_loaded(relation):
    return bool({"stylesheet", "preload", "icon"} & set(relation.split()))


def _addresses(name, value):
    return [part.split()[0] for part in value.split(",")] if name == "srcset" else [value]


@cache
def page(path):
    """Parse a page once."""
    return Page(path.read_text(encoding="utf-8"))


def problem(link, loads, source, root):
    """Name the problem of a link of a page, or return None."""
    if OUTSIDE.match(link):
        return "loaded from outside" if loads else None
    parts = urlsplit(link)
    if parts.scheme:
        return None if parts.scheme in {"mailto", "data", "javascript"} else "absolute path"
    target = (source.parent / unquote(parts.path)).resolve() if parts.path else source
    if target.is_dir():
        target /= "index.html"
    if not target.is_file() or not target.is_relative_to(root):
        return "missing"
    if target.suffix == ".html" and unquote(parts.fragment) not in page(target).anchors:
        return "no such anchor"
    return None


def problems(root):
    """Yield one line for each problem."""
    for source in sorted(root.rglob("*.html")):
        for link, loads in page(source).links:
            found = problem(link, loads, source, root)
            if found and "_static" not in source.relative_to(root).parts:
                yield f"{source.relative_to(root)}: {link}: {found}"
    for source in sorted(root.rglob("*.css")):
        for match in CSS_URL.findall(source.read_text(encoding="utf-8")):
            link = next(filter(None, match))
            found = problem(link, True, source, root) if link[0] != "#" else None
            if found:
                yield f"{source.relative_to(root)}: {link}: {found}"


def main(folder):
    """Print the faults of a site, and fail if it has any."""
    root = Path(folder).resolve()
    found = list(problems(root))
    pages = len(list(root.rglob("*.html")))
    print(*found, f"{pages} pages, {len(found)} problems", sep="\n")
    return bool(found) or not pages


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
