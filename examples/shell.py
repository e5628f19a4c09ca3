"""Flux along a shell and round its centre: bins on a curved path, and sectors of position angle.

Run it with:

    python examples/shell.py
"""

import argparse
from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

mpl.use("Agg")
from matplotlib import pyplot as plt

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--out", type=Path, default=Path("shell"), help="folder for the figures")

CENTER = SkyCoord(6.6 * u.deg, -0.2 * u.deg, frame="galactic")
SETTINGS = {"spectral_model": power_law(index=2.3), "selection_optional": ["ul", "errn-errp"]}


def along_the_shell(maps, axes):
    """Three quarters of a circle of 0.6 deg: a path of 100 vertices, with bins 0.5 deg high."""
    angles = np.linspace(0, 270, 100) * u.deg
    path = CENTER.directional_offset_by(angles, 0.6 * u.deg)
    bins = SkyBins.along_path(path, height=0.5 * u.deg, nbin=12)
    bins.plot(axes["sky"])
    profile = maps.profile.estimate(bins, **SETTINGS)
    profile.profile.plot(sed_type="flux", ax=axes["path"])
    axes["path"].set_title("Along the path")
    return profile


def round_the_centre(maps, axes):
    """Twelve sectors between 0.3 and 1 deg from the centre."""
    bins = SkyBins.sectors(CENTER, radius_min=0.3 * u.deg, radius_max=1 * u.deg, nbin=12)
    bins.plot(axes["sky"], edgecolor="white", linestyle=":")
    profile = maps.profile.estimate(bins, **SETTINGS)
    profile.profile.plot(sed_type="flux", ax=axes["sectors"])
    axes["sectors"].set_title("Sectors")
    return profile


def main():
    """Draw the sky with both kinds of bins, and the two profiles."""
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    maps = xprofile.tutorial.open_maps("galactic-center-sim").profile.cutout(CENTER, 4 * u.deg)

    figure = plt.figure(figsize=(11, 4.5), layout="constrained")
    axes = {
        "sky": figure.add_subplot(1, 2, 1, projection=maps.profile.wcs),
        "path": figure.add_subplot(2, 2, 2),
        "sectors": figure.add_subplot(2, 2, 4),
    }
    image = maps.counts.sum("energy").profile.smooth(0.1 * u.deg)
    image.profile.plot_sky(ax=axes["sky"], stretch="sqrt")
    along, round_ = along_the_shell(maps, axes), round_the_centre(maps, axes)
    figure.savefig(out / "shell.png", dpi=120)
    plt.close(figure)

    for profile, dim in ((along, "projected_distance"), (round_, "position_angle")):
        print(profile.profile.quantity("flux")[:, 0].round(12), f"over {dim}")
    print(f"\nThe figure is in {out}/")


if __name__ == "__main__":
    main()
