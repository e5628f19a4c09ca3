"""Pages of the methods of ``Dataset.profile`` and ``DataArray.profile``.

The accessor has other methods at each stage, so the class that sphinx-autosummary-accessors looks
at has few of them. While the site is built, ``xarray.Dataset.profile`` shows those of all stages;
the accessors of Datasets stay as they are.
"""

from importlib import import_module

import xarray as xr

# stage, module and class; where stages share a name, the first one is shown
DATASETS = {
    "binned data": ("binned", "BinnedAccessor"),
    "profiles": ("profile", "ProfileAccessor"),
    "maps": ("maps", "MapsAccessor"),
    "fits of templates": ("templates", "TemplatesAccessor"),
    "fits of spectra": ("tables", "SpectraAccessor"),
    "fits of shapes": ("tables", "ShapeAccessor"),
}
ARRAYS = {"a map": ("image", "ImageAccessor")}


class _Shown:
    """Descriptor: the accessor of an object, and of the class a list of all its methods."""

    def __init__(self, accessor, shown):
        self._accessor, self._shown = accessor, shown

    def __get__(self, instance, owner):
        return self._shown if instance is None else self._accessor.__get__(instance, owner)


def _classes(stages):
    return {
        stage: getattr(import_module(f"xprofile.accessor.{module}"), name)
        for stage, (module, name) in stages.items()
    }


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


def setup(app):
    """Show all methods of the accessors."""
    app.stages = {"Dataset": _classes(DATASETS), "DataArray": _classes(ARRAYS)}
    app.accessors = {
        "Dataset": _show(xr.Dataset, app.stages["Dataset"]),
        "DataArray": _show(xr.DataArray, app.stages["DataArray"]),
    }
    app.connect("autodoc-process-docstring", _name_functions, priority=400)
    return {"parallel_read_safe": True}
