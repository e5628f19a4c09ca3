"""Pages of the methods of ``Dataset.profile`` and ``DataArray.profile``.

The accessor has other methods at each stage, so the class that sphinx-autosummary-accessors looks
at has few of them. While the site is built, ``xarray.Dataset.profile`` shows those of all stages;
the accessors of Datasets stay as they are.
"""

from importlib import import_module

import xarray as xr
from sphinx.util import logging

from xprofile.accessor.base import _CLASSES, _TITLES, DataArrayProfile

# where stages share a name, the method of the first one is shown
FIRST = ("binned", "profile", "maps", "templates", "spectra")


class _Shown:
    """Descriptor: the accessor of an object, and of the class a list of all its methods."""

    def __init__(self, accessor, shown):
        self._accessor, self._shown = accessor, shown

    def __get__(self, instance, owner):
        return self._shown if instance is None else self._accessor.__get__(instance, owner)


def _classes():
    """Titles and classes of the stages of Datasets and DataArrays."""
    found = {"Dataset": {}, "DataArray": {}}
    for stage in sorted(_CLASSES, key=lambda stage: (*FIRST, stage).index(stage)):
        module, name = _CLASSES[stage]
        accessor = getattr(import_module(f"xprofile.accessor.{module}"), name)
        owner = "DataArray" if issubclass(accessor, DataArrayProfile) else "Dataset"
        found[owner][_TITLES[stage]] = accessor
    return found


def _show(owner, stages):
    names = {}
    for accessor in reversed(stages.values()):
        names |= {name: getattr(accessor, name) for name in dir(accessor) if name[0] != "_"}
    shown = type(f"{owner.__name__}Profile", (), names)
    owner.profile = _Shown(owner.__dict__["profile"], shown)
    return shown


def functions(app, name):
    """Functions that a method calls, such as xarray.Dataset.profile.bin, and the stages of each."""
    owner, _, method = name.removeprefix("xarray.").partition(".profile.")
    found = {}
    for stage, accessor in app.stages.get(owner, {}).items():
        called = next((vars(c)[method] for c in accessor.__mro__ if method in vars(c)), None)
        if hasattr(called, "path"):
            module, _, function = called.path.rpartition(".")
            function = getattr(import_module(f"xprofile.{module}"), function)
            found.setdefault(function, []).append(stage)
    return found


def _name_functions(app, what, name, obj, options, lines):
    """Say which function a method calls at each stage."""
    found = functions(app, name)
    if found and len(lines) > 1:
        places = [(_place(function), stages) for function, stages in found.items()]
        calls = [f"`{place}` for {_join(stages)}" for place, stages in places]
        calls = calls if len(calls) > 1 else [f"`{places[0][0]}`"]
        lines[1:1] = ["", f"This calls {_join(calls)}."]


def _place(function):
    """Name of a function in the reference: figures are in ``xprofile.plot``."""
    name = function.__name__
    return f"xprofile.plot.{name}" if name.startswith("plot_") else f"xprofile.{name}"


def _join(words):
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _check_pages(app, env):
    """Warn of methods that no page lists."""
    documented = env.domains["py"].objects
    for owner, shown in app.accessors.items():
        for name in (name for name in vars(shown) if name[0] != "_"):
            if f"xarray.{owner}.profile.{name}" not in documented:
                logging.getLogger(__name__).warning(
                    "%s.profile.%s is on no page: list it in reference/accessors.rst", owner, name
                )


def setup(app):
    """Show all methods of the accessors."""
    app.stages = _classes()
    app.accessors = {
        owner.__name__: _show(owner, app.stages[owner.__name__])
        for owner in (xr.Dataset, xr.DataArray)
    }
    app.connect("autodoc-process-docstring", _name_functions, priority=400)
    app.connect("env-check-consistency", _check_pages)
    return {"parallel_read_safe": True}
