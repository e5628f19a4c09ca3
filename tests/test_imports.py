"""The rooms of the package: who may import whom, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import xprofile

PACKAGE = Path(xprofile.__file__).parent

# each module may import those of the rows above it, and of its own row where it says so
FLOW = [
    {"exceptions"},
    {"schema", "quadrature", "interpolation", "loglog"},
    {"pixelgrid", "maparrays"},
    {"wcs"},
    {"ds9", "mapvalues", "smoothing", "units"},
    {"membership", "regionlist", "shapes.__init__"},
    {"planar", "shapes.axes", "shapes.ribbon", "binedges"},
    {"shapes.boxes", "shapes.rings", "shapes.path"},
    {"shapes.spherical"},
    {"placed"},
    {"bins"},
    {"edisp"},
    {"binning"},
    {"joinbins"},
    {"mapgrid"},
    {"spectrum", "likelihood.statistic", "groups", "sed", "progress", "status"},
    {"likelihood.cash", "likelihood.wstat", "likelihood.joint", "likelihood.fit"},
    {"likelihood.nuisance"},
    {"likelihood", "likelihood.__init__"},
    {"response", "solve", "settings"},
    {"problems", "toys"},
    {"results", "calibration", "reference", "scans", "summary"},
    {"stacking"},
    {"estimator"},
    {"regroup", "io.atomic", "io.structure"},
    {"io.fitsfile"},
    {"io.columns", "io.layout", "io.regrid"},
    {"io.bands"},
    {"io.coords", "io.cubes", "io.description", "io.energies", "io.table"},
    {"io.ctools", "io.skymap"},
    {"io.irf", "io.template", "io.bandstable"},
    {"io.fermi", "io.netcdf", "io.profilefits", "io.gammapyprofile"},
    {"io.parts"},
    {"io.mapdataset", "io.mapsfits"},
    {"io.ecsv", "io.fitsout", "inmemory"},
    {"io.backend", "io.maps", "io.profiles"},
    {"plot.labels", "plot.numbers", "tutorial"},
    {"plot.binaxis", "plot.choice", "plot.outlines", "plot.sky"},
    {"plot.series"},
    {"plot.heights"},
    {"plot.profile"},
    {"plot.scan", "plot.skypanel"},
    {"plot.summary"},
    {"plot", "plot.__init__"},  # the package by the name under which it is imported
    {"accessor"},
    {"__init__", "io.__init__"},
]
RANK = {name: rank for rank, row in enumerate(FLOW) for name in row}


def module_name(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imported(path):
    """Modules of the package that a module imports when it is imported."""
    tree = ast.parse(path.read_text())
    depth = len(path.relative_to(PACKAGE).parts)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            parent = path.relative_to(PACKAGE).parts[: depth - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (".".join([*parent, name]) for name in names if name)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_name)
def test_imports_flow_one_way(path):
    rank = RANK[module_name(path)]
    upward = [name for name in imported(path) if RANK[name] >= rank]
    assert not upward


@pytest.mark.parametrize("path", sorted((PACKAGE / "likelihood").glob("*.py")), ids=module_name)
def test_likelihood_imports_numpy_alone(path):
    nodes = ast.parse(path.read_text()).body
    away = [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level != 1]
    away += [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    known = {"__future__", "collections", "dataclasses", "typing", "numpy", "scipy"}
    assert {name.split(".")[0] for name in away} <= known


def test_import_leaves_heavy_packages_alone():
    """Nothing heavier comes in than what xarray, astropy and regions bring themselves."""
    code = """
import sys, xarray, astropy.coordinates, astropy.wcs, astropy.io.fits, astropy.modeling, regions
before = set(sys.modules)
import xprofile
heavy = {"matplotlib", "dask", "netCDF4", "pooch", "pandas", "scipy.stats", "scipy.optimize"}
print(sorted(heavy & set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    assert [name for name in xprofile.__all__ if not hasattr(xprofile, name)] == []
