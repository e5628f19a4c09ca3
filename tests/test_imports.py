"""What an import costs, and where public names come from; layers are checked by `lint-imports`."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cases.mapdataset_files import PLAIN

import xprofile

PACKAGE = Path(xprofile.__file__).parent


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "likelihood").glob("*.py")), ids=lambda path: path.stem
)
def test_likelihood_imports_numpy_alone(path):
    nodes = ast.parse(path.read_text()).body
    away = [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level != 1]
    away += [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    known = {"__future__", "collections", "dataclasses", "typing", "numpy", "scipy"}
    assert {name.split(".")[0] for name in away} <= known


HEAVY = {
    *("matplotlib", "dask", "netCDF4", "pooch", "zarr", "tqdm", "regions", "PIL"),
    *("scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.special", "scipy.ndimage"),
}


SCRIPT = """
import json, sys, xarray, astropy.coordinates, astropy.wcs, astropy.io.fits
before = set(sys.modules)
import xprofile
print(json.dumps(sorted(set(sys.modules) - before)))
import astropy.modeling.models  # of astropy 6, it loads scipy.optimize
before |= {name for name in sys.modules if not name.startswith("xprofile")}
{PROFILE_OF_MAPS}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Modules that a fresh process loads: by the import alone, and by a profile of maps."""
    path = tmp_path_factory.mktemp("maps") / "maps.fits"
    path.write_bytes(PLAIN.content)
    code = PROFILE_OF_MAPS.format(path=str(path))
    lines = SCRIPT.replace("{PROFILE_OF_MAPS}", code)
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    return [set(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]


def test_import_loads_the_accessor_alone(loaded):
    """The work is loaded when it is asked for; pandas is there, as xarray needs it itself."""
    found = loaded[0]
    ours = {name.removeprefix("xprofile.") for name in found if name.startswith("xprofile")}
    light = {"schema", "exceptions"}
    light |= {f"schema.{name}" for name in ("history", "names", "options", "stages")}
    light |= {f"schema.arguments{name}" for name in ("", ".array_values", ".own_results", ".types")}
    light |= {
        f"accessor{name}"
        for name in (
            "",
            ".base",
            ".delegation",
            ".examples",
            ".forked_processes",
            ".shared_methods",
        )
    }
    assert ours == {"xprofile", *light}
    assert not found & {*HEAVY, "astropy.modeling", "astropy.table"}


PROFILE_OF_MAPS = """
from xprofile import open_maps, tutorial
open_maps({path!r})
import astropy.units as u
from astropy.coordinates import SkyCoord
from xprofile import SkyBins
maps = tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([3, 357] * u.deg, [0, 0] * u.deg, frame="galactic")
maps.profile.estimate(SkyBins.along_line(start, end, height=2 * u.deg, nbin=5))
"""


def test_maps_and_a_profile_of_sky_bins_need_no_heavy_package(loaded):
    """Above all not `regions`, which only lists of regions need."""
    assert not loaded[1] & {
        "regions",
        "matplotlib",
        "netCDF4",
        "pooch",
        "scipy.stats",
        "scipy.optimize",
    }


def test_names_are_imported_from_where_the_types_say():
    """The names that type checkers see, those that are loaded and the public ones are the same."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name: node.module for node in block.body for alias in node.names}
    modules = {name for name, module in typed.items() if module is None}
    assert {name: place for name, place in typed.items() if place} == xprofile._PLACES
    assert {*xprofile._PLACES, *modules, "DataArrayProfile", "DatasetProfile"} == set(dir(xprofile))


def test_names_that_are_not_there_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = xprofile.no_such_name
    assert not hasattr(xprofile, "_no_such_name")
    assert set(xprofile.__all__) <= set(dir(xprofile))


def test_every_public_name_is_there():
    assert [name for name in xprofile.__all__ if not hasattr(xprofile, name)] == []
