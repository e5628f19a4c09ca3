"""Workers of dask that die while a function computes data: an error of ours says so."""

import astropy.units as u
import pytest
from cases.maps import make_maps
from cases.small_inputs import binned

import xprofile
from xprofile.exceptions import LostWorkerError

da = pytest.importorskip("dask.array")
KilledWorker = type("KilledWorker", (Exception,), {})  # as that of dask.distributed


def die(block):
    raise KilledWorker("on 4 different workers")


def dying(data, name):
    values = da.from_array(data[name].to_numpy(), chunks=-1).map_blocks(die, dtype=data[name].dtype)
    return data.assign({name: data[name].copy(data=values)})


def bins_of(data):
    center = xprofile.skycoord(data)[0, 0]
    return xprofile.SkyBins.annuli(center, edges=[0, 1, 2] * u.deg)


@pytest.mark.parametrize("name", ["counts", "exposure", "background"])
def test_bin_maps(name):
    data = make_maps()
    with pytest.raises(LostWorkerError, match=r"bin_maps has no result.*workers of dask died"):
        xprofile.bin_maps(dying(data, name), bins_of(data))


def test_image_and_accessor():
    data = make_maps()
    with pytest.raises(LostWorkerError):
        dying(data, "counts").counts.profile.bin(bins_of(data))
    with pytest.raises(LostWorkerError):
        dying(data, "counts").profile.estimate(bins_of(data))


def test_estimate():
    with pytest.raises(LostWorkerError, match="smaller chunks"):
        xprofile.estimate(dying(binned(), "counts"))
