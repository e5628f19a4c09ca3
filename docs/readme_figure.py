"""Write flux_profile.png, the picture of README.md, beside this file."""

from pathlib import Path

import astropy.units as u
import matplotlib as mpl
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

mpl.use("Agg")
from matplotlib import pyplot as plt


def main():
    """Draw the counts with the boxes, and the flux in the boxes below."""
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=64)
    profile = maps.profile.estimate(
        bins,
        spectral_model=power_law(index=2.3),
        energy_edges=[10, 2000] * u.GeV,
        cl_ul=0.95,
        ul_method="bounded",
    )
    image = maps.profile.cutout(SkyCoord(0, 0, unit="deg", frame="galactic"), (16, 4) * u.deg)
    counts = image.counts.sum("energy", keep_attrs=True).profile.smooth(0.1 * u.deg)

    fig = plt.figure(figsize=(9, 5.5))
    grid = fig.add_gridspec(2, hspace=0.25, left=0.08, right=0.98, bottom=0.1, top=0.98)
    sky = fig.add_subplot(grid[0], projection=counts.profile.wcs)
    counts.profile.plot_sky(ax=sky, stretch="sqrt", cmap="magma", add_colorbar=False)
    bins.plot(sky, edgecolor="white", linewidth=0.5, alpha=0.7)
    ax = fig.add_subplot(grid[1])
    profile.profile.plot(ax=ax, markersize=3)
    ax.set_xlim(0, 16)
    fig.savefig(Path(__file__).with_name("flux_profile.png"), dpi=90)


if __name__ == "__main__":
    main()
