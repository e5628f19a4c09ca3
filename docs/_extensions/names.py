"""Links from the short names of prose, where Python's domain finds none.

- ``bin(bins, psf=True)`` means ``bin``;
- ``estimate`` means ``xprofile.estimate``, in docstrings of any module;
- ``maps.profile.bin``, ``Dataset.profile.bin`` and ``bin`` mean the method of the accessor;
- ``DataWarning`` means ``xprofile.exceptions.DataWarning``,
  ``plot_sky`` means ``xprofile.plot.plot_sky``;
- a term of the glossary, such as ``norm_ul``, means its entry.

In docstrings, names of parameters stay code. Other names are warnings of ``nitpicky``.
"""

import inspect
import re
from pathlib import PurePosixPath

import accessors
from sphinx.util.inspect import signature

OBJECTS = re.compile(r"^(?:xarray\.)?(Dataset|DataArray|[a-z_]+)\.profile\.(\w+)$")
ARRAYS = ("DataArray", "image", "counts")


def _candidates(app, target):
    """Full names that a short one may stand for, best first."""
    yield target
    found = OBJECTS.match(target)
    if found:
        owner = "DataArray" if found[1] in ARRAYS else "Dataset"
        yield f"xarray.{owner}.profile.{found[2]}"
    for prefix in ("xprofile", "xprofile.exceptions", "xprofile.plot", "xprofile.tutorial"):
        yield f"{prefix}.{target}"
        if target.startswith("xprofile."):
            yield f"{prefix}.{target.removeprefix('xprofile.')}"
    for owner in ("Dataset", "DataArray"):
        yield f"xarray.{owner}.profile.{target}"
    yield f"xprofile.SkyBins.{target}"


def _resolve(app, env, node, contnode):
    if node.get("refdomain") != "py":
        return None
    target = re.sub(r"\(.*", "", node["reftarget"].lstrip("."), flags=re.DOTALL)
    python = env.domains["py"]
    for name in _candidates(app, target):
        if name in python.objects:
            return _link(app, env, node, contnode, python, name)
    if target in _parameters(app, node["refdoc"]):
        return contnode
    terms = env.domains["std"]
    if ("term", target) in terms.objects:
        return terms.resolve_xref(env, node["refdoc"], app.builder, "term", target, node, contnode)
    return contnode if node.get("optional") else None


def _link(app, env, node, contnode, python, name):
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, contnode)


def _parameters(app, document):
    """Names of the parameters of what a page of the reference documents."""
    if "/generated/" not in document:
        return set()
    name = PurePosixPath(document).name
    documented = _object(name)
    objects = [documented, *accessors.functions(app, name)]
    if inspect.isclass(documented):
        objects += [getattr(documented, member) for member in dir(documented) if member[0] != "_"]
    return {argument for obj in objects for argument in _arguments(obj)}


def _arguments(obj):
    try:
        return set(signature(obj).parameters)
    except (TypeError, ValueError):
        return set()


def _object(path):
    module, *names = path.split(".")
    found = __import__(module)
    for name in names:
        found = getattr(found, name)
    return found


def setup(app):
    """Look for a name after Python's domain has found none, before other projects."""
    app.connect("missing-reference", _resolve, priority=400)
    return {"parallel_read_safe": True}
