"""Names of colour maps."""

import time

import astropy.units as u
import pytest
from cases.small_inputs import image, profile
from matplotlib import colormaps

from xprofile.exceptions import InvalidOptionError
from xprofile.plot import plot_profile, plot_sky, plot_stat_scan

PLOTS = {
    "sky": lambda cmap: plot_sky(image()[0], cmap=cmap),
    "profile": lambda cmap: plot_profile(profile(), cmap=cmap),
    "scan": lambda cmap: plot_stat_scan(profile().isel(energy=0), cmap=cmap),
}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
@pytest.mark.parametrize(
    ("cmap", "message"),
    [
        (u.deg, r"found Unit\(\"deg\"\).*'viridis'"),
        pytest.param("vridis", "did you mean 'viridis'", marks=pytest.mark.quick),
        (3, "found 3"),
        (["red", "blue"], "found"),
    ],
)
def test_wrong_colormaps(plot, cmap, message):
    start = time.process_time()
    with pytest.raises(InvalidOptionError, match=f"cmap must be the name.*{message}"):
        plot(cmap)
    assert time.process_time() - start < 1  # a unit took 5 s


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_right_colormaps(plot):
    plot(colormaps["magma"])
