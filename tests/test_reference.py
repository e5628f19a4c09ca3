"""Each public name is in the reference, and its docstring has all sections."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import xprofile
from xprofile import exceptions, plot, tutorial
from xprofile.accessor.base import _CLASSES
from xprofile.accessor.delegation import _Delegate

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
# it needs a dataset of Gammapy, which is tested in an environment with it
NOT_EXECUTED = {"xprofile.from_gammapy"}
# these refuse nothing of their own
RAISES_NOTHING = {
    "xprofile.tutorial.source_flux",
    "xprofile.SkyBins.to_regions",
    "xprofile.SkyBins.region_texts",
}


def accessors():
    for module, name in _CLASSES.values():
        path = f"xprofile.accessor.{module}"
        yield f"{path}.{name}", getattr(import_module(path), name)


def exported():
    for module in (xprofile, plot, tutorial):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{module.__name__}.{name}", value


def members(path, cls):
    """Methods and properties of a class; a delegate as the method with its whole docstring."""
    fields = getattr(cls, "__dataclass_fields__", {})
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        if isinstance(found, _Delegate):
            found = getattr(cls, name)
        if not name.startswith("_") and name not in fields:
            yield f"{path}.{name}", getattr(found, "__func__", found)


PUBLIC = [*exported(), *accessors()]
DOCUMENTED = PUBLIC + [m for path, v in PUBLIC if inspect.isclass(v) for m in members(path, v)]
ERRORS = [(f"xprofile.exceptions.{name}", getattr(exceptions, name)) for name in exceptions.__all__]


def sections(value):
    """Text of each section of a docstring, and the summary under ""."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}$", inspect.getdoc(value) or "", flags=re.M)
    return {"": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def missing_sections(path, value):
    """Sections that a docstring should have, and lacks."""
    wanted = {"", "See Also", "Examples"}
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters.keys() - {"self", "cls"}
        wanted |= {"Parameters"} if parameters else set()
        wanted |= {"Raises"} if path not in RAISES_NOTHING else set()
        returned = inspect.signature(value).return_annotation
        wanted |= {"Returns"} if returned not in (None, "None") else set()
    return {name for name in wanted if not sections(value).get(name, "").strip()}


def problems(path, value):
    """What the docstring of a public name lacks."""
    found = [f"no section {name or 'summary'}" for name in sorted(missing_sections(path, value))]
    text = sections(value)
    if "doctest: +SKIP" in text.get("Examples", "") and path not in NOT_EXECUTED:
        found.append("examples are not executed")
    found += [f"See Also names {name}, which does not exist" for name in dangling(text)]
    return found


def dangling(text):
    """Names of ours in See Also that do not exist."""
    for line in text.get("See Also", "").splitlines():
        name = line.partition(" : ")[0].strip()
        if line.startswith(" ") or not name or not (name[0].isupper() or "xprofile" in name):
            continue
        if not any(exists(start + name) for start in ("", "xprofile.", "xprofile.exceptions.")):
            yield name


def exists(path):
    value = xprofile
    for part in path.removeprefix("xprofile.").split("."):
        value = getattr(value, part, None)
    return value is not None and path.startswith("xprofile.")


@pytest.mark.parametrize("kind", ["functions and classes", "errors"])
def test_docstrings_have_all_sections(kind):
    if kind == "errors":  # their examples are on a page
        found = {p: [x for x in problems(p, v) if "Examples" not in x] for p, v in ERRORS}
    else:
        found = {path: problems(path, value) for path, value in DOCUMENTED}
    assert not {path: texts for path, texts in found.items() if texts}


def test_page_of_accessors_lists_every_method():
    methods = {path.rpartition(".")[2] for p, cls in accessors() for path, _ in members(p, cls)}
    found = {name.rpartition(".")[2] for name in listed("accessors.rst")}
    assert methods <= found


def listed(page):
    """Names in the autosummary tables of a page, and those of values with a text of their own."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    tables = re.findall(r"^\.\. autosummary::\n((?: +.*\n|\n)+)", text, flags=re.M)
    lines = [line.strip() for table in tables for line in table.splitlines()]
    values = re.findall(r"^\.\. py:data:: (.+)$", text, flags=re.M)
    return [line for line in lines if line and not line.startswith(":")] + values


def test_reference_lists_every_public_name_once():
    names = listed("api.rst")
    assert len(names) == len(set(names))
    values = {f"tutorial.{name}" for name in ("INDEX", "SOURCES")}
    public = {path.removeprefix("xprofile.") for path, _ in exported()}
    assert set(names) == public | values


def test_errors_are_shown_with_their_messages():
    text = (REFERENCE / "errors.rst").read_text(encoding="utf-8")
    assert sorted(re.findall(r"autoexception:: (\w+)", text)) == sorted(exceptions.__all__)
    for part in text.split("autoexception:: ")[1:]:
        name = re.match(r"\w+", part)[0]
        shown = f"xprofile.exceptions.{name}: " in part or f"'{name}'" in part
        assert shown or name in {"XProfileError", "LostWorkerError"}


def test_bins_are_shown_for_every_constructor():
    text = (REFERENCE / "bins.rst").read_text(encoding="utf-8")
    cls = xprofile.SkyBins
    made = [n for n in dir(cls) if inspect.ismethod(getattr(cls, n)) and not n.startswith("_")]
    assert len(made) >= 7
    for name in made:
        assert f"SkyBins.{name}(" in text


def test_what_is_missing_is_found():
    def incomplete(data, factor: int) -> int:
        """Set below, as pytest executes the examples of all docstrings."""

    incomplete.__doc__ = """
        Do it.

        See Also
        --------
        xprofile.estimat : Wrong.
        SkyBins.annuli : Right.

        Examples
        --------
        >>> 1  # doctest: +SKIP
        """
    assert problems("x", incomplete) == [
        "no section Parameters",
        "no section Raises",
        "no section Returns",
        "examples are not executed",
        "See Also names xprofile.estimat, which does not exist",
    ]
