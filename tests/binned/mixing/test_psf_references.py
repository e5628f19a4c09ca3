"""The signal of each bin in all bins, as Gammapy 2.1 predicts it on the 3FHL cube."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table

from xprofile import SkyBins, bin_maps, power_law, share_kept
from xprofile.spectrum.mixing import mixed_signal

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
ENDS = SkyCoord([3, -3], [0, 0], unit="deg", frame="galactic")
BINS = {
    "radial10": SkyBins.annuli(CENTER, edges=np.arange(11) * 0.15 * u.deg),
    "line20": SkyBins.along_line(*ENDS, height=1 * u.deg, nbin=20),
}


@pytest.mark.parametrize("name", BINS)
def test_predicted_counts_agree_with_gammapy(real_maps, reference, name):
    table = Table.read(reference / f"gammapy21_psf_{name}.ecsv")
    binned = bin_maps(real_maps, BINS[name], psf=True)
    model = power_law(table.meta["index"])
    found = mixed_signal(binned, model).transpose("energy", ..., "projected_distance").values
    expected = np.zeros_like(found)
    expected[table["energy_bin"], table["source_bin"], table["counts_bin"]] = table["npred"]
    # the PSF ends below energy 10, and Gammapy drops what is above
    found, expected = found[:10], expected[:10]
    largest = expected.max(axis=(1, 2), keepdims=True)
    assert np.max(np.abs(found - expected) / largest) < 4e-3
    np.testing.assert_allclose(found.sum(axis=2), expected.sum(axis=2), rtol=5e-3)


def test_history_says_that_the_psf_has_fewer_energies_than_the_exposure(real_maps):
    assert (
        "known at 11 energies from 0.01 to 0.5 TeV, interpolated to the 12"
        in (real_maps.attrs["history"])
    )


def test_annuli_and_boxes_of_the_size_of_the_psf_keep_little(real_maps):
    rings = bin_maps(real_maps, BINS["radial10"], psf=True)
    boxes = bin_maps(real_maps, BINS["line20"], psf=True)
    assert 0.5 < float(share_kept(rings)[0, 2:].mean()) < 0.6
    assert 0.6 < float(share_kept(boxes)[0].mean()) < 0.75
