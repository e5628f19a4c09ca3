"""A flux profile along the Galactic plane, and one round its centre, from maps to files.

The data are a simulated sky with known fluxes, or real Fermi-LAT data:

    python examples/flux_profile.py
    python examples/flux_profile.py --data fermi-3fhl-gc
"""

import argparse
from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import ProfileEstimator, SkyBins, power_law

mpl.use("Agg")
from matplotlib import pyplot as plt

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", default="galactic-center-sim", help="or fermi-3fhl-gc")
parser.add_argument("--out", type=Path, default=Path("flux_profile"), help="folder for the results")


def save(out, name):
    """Save the current figure and close it."""
    plt.savefig(out / name, dpi=120, bbox_inches="tight")
    plt.close()


def along_the_plane(maps, out):
    """Profile along the Galactic plane in one energy band."""
    start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)

    ax = maps.counts.sum("energy").profile.smooth(0.1 * u.deg).profile.plot_sky(stretch="sqrt")
    bins.plot(ax)
    save(out, "counts_image.png")

    estimator = ProfileEstimator(
        spectral_model=power_law(index=2.3),
        energy_edges=[10, 2000] * u.GeV,
        selection_optional=["ul"],
        cl_ul=0.95,
        ul_method="bounded",
    )
    print(estimator, end="\n\n")
    profile = estimator.run(maps.profile.bin(bins))

    profile.profile.plot(sed_type="dnde")
    save(out, "dnde.png")
    profile.profile.with_threshold(1).profile.plot(sed_type="eflux")
    save(out, "eflux.png")

    ax = profile.profile.plot("npred")
    for quantity in ("npred_excess", "npred_background"):
        profile.profile.plot(quantity, ax=ax)
    save(out, "counts.png")
    return profile


# two bands, on edges of the data: those of the real cube do not have 100 GeV
BANDS = {
    "galactic-center-sim": [10, 100, 2000] * u.GeV,
    "fermi-3fhl-gc": [10, 84.4716, 500] * u.GeV,
}


def around_the_centre(maps, bands, out):
    """Radial profile in two energy bands, with a scan of the statistic over the norm."""
    center = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
    profile = maps.profile.estimate(
        SkyBins.annuli(center, radius_max=1.5 * u.deg, nbin=10),
        spectral_model=power_law(index=2.3),
        energy_edges=bands,
        selection_optional=["ul", "scan"],
        cl_ul=0.95,
        ul_method="bounded",
        norm_values=np.linspace(-1, 5, 11),
    )
    profile.profile.plot(sed_type="flux")
    save(out, "radial_flux.png")

    high = profile.isel(energy=1)
    high.profile.plot_stat_scan(sed_type="flux")
    save(out, "radial_stat_scan.png")
    return profile


def main():
    """Make both profiles, their figures and files."""
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    maps = xprofile.tutorial.open_maps(options.data)
    print(maps, end="\n\n")

    profile = along_the_plane(maps, options.out)
    profile.to_netcdf(options.out / "profile.nc")
    profile.profile.to_fits(options.out / "profile.fits", overwrite=True)
    again = xprofile.open_profile(options.out / "profile.fits")
    xr.testing.assert_identical(again, profile)

    table = again.profile.to_table("flux", formatted=True)
    columns = ["x_min", "x_max", "flux", "flux_err", "flux_ul", "sqrt_ts", "counts", "coverage"]
    table[columns].pprint(max_lines=-1, max_width=-1)

    radial = around_the_centre(maps, BANDS[options.data], options.out)
    radial.profile.to_fits(options.out / "radial_profile.fits", overwrite=True)
    print(f"\nFigures, netCDF and FITS are in {options.out}/")


if __name__ == "__main__":
    main()
