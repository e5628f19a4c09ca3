"""The largest maps in HEALPix on dask take little memory."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import astropy.units as u, dask.array as da, numpy as np
from astropy.coordinates import SkyCoord
from xprofile import SkyBins, bin_maps, from_arrays

level, chunk = 12, 4**11
shape, chunks = (3, 12 * 4**level), (3, chunk)
ones = da.ones(shape, np.float32, chunks=chunks)
maps = from_arrays(
    ones, exposure=ones, exposure_unit="cm2 s", background=ones, frame="galactic",
    energy_edges=[1, 2, 4, 8] * u.TeV, indexing_scheme=sys.argv[1],
    cell_ids=da.arange(shape[1], chunks=chunk), level=level,
)
center = SkyCoord(30, 40, unit="deg", frame="icrs")
bins = SkyBins.annuli(center, edges=np.linspace(0, 20, 11) * u.deg)
binned = bin_maps(maps, bins)
area = bins.solid_angle.to_value("sr")
assert np.allclose(binned["solid_angle"], area, rtol=1e-3)
assert np.allclose(binned["counts"], binned["n_pixels"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_nside_4096_takes_less_than_1500_megabytes(scheme):
    command = [sys.executable, "-c", SCRIPT, scheme]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1.5e9
