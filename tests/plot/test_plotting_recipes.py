"""The plots of xarray and pandas, on profiles as they are: numbers with names and units."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.rebinning import annuli

from xprofile import bin_maps, estimate, fit_spectrum, power_law, to_sed_type

BINNED = bin_maps(make_maps(), annuli(np.array([0, 0.3, 0.6, 1.0])))
PROFILE = to_sed_type(estimate(BINNED, energy_edges=[10, 100, 1000] * u.GeV), "flux")


@pytest.mark.parametrize(
    "data", [BINNED, PROFILE, fit_spectrum(BINNED, power_law())], ids=["binned", "profile", "fit"]
)
def test_axes_are_numbers_with_names_and_units(data):
    for name in data.dims:
        if name in data.coords and not name.startswith("parameter"):
            coord = data[name]
            assert coord.dtype.kind == "f"
            assert {"long_name", "units"} <= set(coord.attrs)
    assert all("long_name" in array.attrs for array in data.data_vars.values())


def test_a_line_for_each_energy():
    lines = PROFILE["flux"].plot.line(x="projected_distance", hue="energy")
    ax = plt.gca()
    np.testing.assert_array_equal(lines[1].get_ydata(), PROFILE.flux[:, 1])
    assert ax.get_xlabel() == "projected distance [deg]"
    assert ax.get_ylabel() == "integral flux [cm-2 s-1]"
    assert ax.get_legend().get_title().get_text() == "energy [TeV]"


def test_names_of_bands_in_the_legend():
    edges = zip(PROFILE.energy_min.values, PROFILE.energy_max.values, strict=True)
    names = [f"{low:g} to {high:g} TeV" for low, high in edges]
    named = PROFILE.assign_coords(energy=names)
    named["flux"].plot.line(x="projected_distance", hue="energy")
    shown = [text.get_text() for text in plt.gca().get_legend().get_texts()]
    assert shown == ["0.01 to 0.1 TeV", "0.1 to 1 TeV"]


def test_one_panel_for_each_energy_and_time():
    nights = xr.concat([PROFILE, 2 * PROFILE], pd.Index([1.0, 2.0], name="night"))
    grid = nights["flux"].plot.line(x="projected_distance", row="night", col="energy")
    assert grid.axs.shape == (2, 2)
    PROFILE["flux"].isel(energy=0).plot.step()
    assert plt.gca().get_xlabel() == "projected distance [deg]"


def test_frames_draw_points_with_errors():
    frame = PROFILE.profile.to_dataframe()
    for _, band in frame.groupby("energy"):
        ax = band.plot(x="projected_distance", y="flux", yerr="flux_err")
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), band["flux"])
    assert frame.attrs["units"]["flux"] == "cm-2 s-1"
    numbers = frame.drop(columns="region")
    assert all(kind.kind in "fib" for kind in numbers.dtypes)
