"""The table of the documentation on how narrow bins may be."""

import csv
from contextlib import nullcontext
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from xprofile import SkyBins, bin_maps, estimate, power_law, share_kept, tutorial, unfold
from xprofile.exceptions import DataWarning, InvalidDataError
from xprofile.tutorial import INDEX, simulate_maps, simulation

TABLE = Path(__file__).parents[3] / "docs" / "guide" / "psf_widths.csv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def asimov():
    return simulate_maps(None)


def row_of_boxes(maps, width):
    """Eleven boxes, centred on the knot of the simulated sky."""
    lon = [5.5 * width - 2.35, -5.5 * width - 2.35] * u.deg
    ends = SkyCoord(lon, [0, 0] * u.deg, frame="galactic")
    return bin_maps(maps, SkyBins.along_line(*ends, height=3 * u.deg, nbin=11), psf=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "seen", "unfolded"),
    [(0, [16, 69, 16], [-13, 124, -13]), (0.05, [7, 63, 30], [-25, 107, 20])],
    ids=["middle", "half-way to the edge"],
)
def test_point_sources_are_those_of_the_documentation(monkeypatch, place, seen, unfolded):
    """In per cent of the flux, in boxes of 0.2 deg."""
    source = tutorial.Source("point", -2.35 - place, 0, 0, 1e-8)
    monkeypatch.setattr(simulation, "SOURCES", (source,))
    binned = row_of_boxes(simulate_maps(None), 0.2)
    for fit, expected in ((estimate, seen), (unfold, unfolded)):
        profile = fit(binned, spectral_model=power_law(INDEX)).isel(energy=0)
        share = (profile.norm * profile.ref_flux / 1e-8).to_numpy()
        np.testing.assert_allclose(100 * share[4:7], expected, rtol=0, atol=0.6)
        assert abs(share.sum() - 1) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["Width"])
def test_numbers_are_those_of_the_documentation(asimov, row):
    width = float(row["Width"].removesuffix(" deg"))
    assert width / 0.1 == pytest.approx(float(row["Width / PSF"]))
    model = power_law(INDEX)
    binned = row_of_boxes(asimov, width)
    kept = share_kept(binned, spectral_model=model)[0, 5]
    assert f"{kept:.0%}".replace("%", " %") == row["Share kept"]
    plain = estimate(binned, spectral_model=model)
    told = pytest.warns(DataWarning, match=r"9 of 11 .* 4\d times .* 0\.2 deg .* 2 times")
    with told if width == 0.1 else nullcontext():
        unfolded = unfold(binned, spectral_model=model)
    ratio = float(unfolded.norm_err[5, 0] / plain.norm_err[5, 0])
    assert f"{ratio:.1f}" == row["Errors"]
    assert f"{unfolded.correlation[0, 5, 6]:.2f}".replace("-", "−") == row[
        "Correlation of neighbours"
    ]  # fmt: skip


def test_bins_of_half_the_psf_are_refused(asimov):
    with pytest.raises(InvalidDataError, match="too fine for the PSF"):
        unfold(row_of_boxes(asimov, 0.05))
