"""Check netCDF files by the CF conventions: ``nox -s cf``, in an environment with a CF checker."""

import json
import sys
import tempfile
from pathlib import Path

import astropy.units as u
import xarray as xr
from astropy.coordinates import SkyCoord
from compliance_checker.runner import CheckSuite, ComplianceChecker

from xprofile import SkyBins, power_law, tutorial

CHECKER = "cf:1.11"
# what the checker says, but not the conventions
TOLERATED = {
    # it goes by names, the conventions by units: galactic positions are not on the Earth
    "Coordinate variable 'lat' should have standard_name='latitude', found: 'None'",
    "Coordinate variable 'lon' should have standard_name='longitude', found: 'None'",
    # a scalar coordinate has one dimension less than an axis of one value
    "Boundary variable energy_bounds specified by energy should have at least two dimensions to "
    "enclose the base case of a one dimensionsal variable",
}


def datasets():
    """Maps, binned data, and profiles of several kinds."""
    maps = tutorial.open_maps("galactic-center-sim")
    start, end = SkyCoord([5, 355] * u.deg, [0, 0] * u.deg, frame="galactic")
    binned = maps.profile.bin(SkyBins.along_line(start, end, height=3 * u.deg, nbin=10))
    settings = {"spectral_model": power_law(2.3), "energy_edges": [10, 50, 500] * u.GeV}
    profile = binned.profile.estimate(**settings, selection_optional="all")
    joint = xr.concat([binned, binned], "dataset", join="exact", data_vars="all")
    backwards = profile.isel(energy=0, projected_distance=slice(None, None, -1))
    yield "maps", maps
    yield "binned", binned
    yield "profile", profile
    for kind in ("dnde", "flux", "eflux", "e2dnde"):
        yield kind, profile.profile.to_sed_type(kind)
    yield "brightness", profile.profile.to_sed_type("flux", per_solid_angle=True)
    yield "backwards", backwards
    yield "joint", joint.profile.estimate(**settings)
    yield "toys", binned.profile.simulate(n_toys=2, rng=0).profile.estimate(**settings)


def complaints(path):
    """All that the checker has to say of a file."""
    report = path.with_suffix(".json")
    ComplianceChecker.run_checker(
        str(path), [CHECKER], 0, "strict", output_filename=str(report), output_format="json"
    )
    results = json.loads(report.read_text())[CHECKER]
    found = [message for entry in results["all_priorities"] for message in entry["msgs"]]
    return dict.fromkeys(found)


def main():
    CheckSuite.load_all_available_checkers()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, data in datasets():
            path = Path(folder) / f"{name}.nc"
            data.profile.to_netcdf(path)
            for message in complaints(path):
                known = message in TOLERATED
                failed |= not known
                print(f"{name}: {'(tolerated) ' if known else ''}{message}")
            print(f"{name}: checked")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
