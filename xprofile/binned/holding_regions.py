"""Which of the regions of bins, as texts of DS9, hold positions on the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..bins.ds9_regions import parse_region_texts
from ..bins.regions.region_list import RegionList
from ..maps.sphere import lonlat_deg, unit_vectors

__all__ = ["regions_that_hold"]

Int = NDArray[np.intp]

# Size in deg of the pixels with which edges are compared; see `edge_tolerance`. Edges of texts are
# rounded to 1e-9 deg or less. Ten times larger or smaller changes nothing that people give.
_PIXEL_SIZE = 1e-3


def regions_that_hold(texts: NDArray[Any], places: SkyCoord) -> Int:
    """Number of the first bin that holds each position, (n,); -1 where none does.

    Parameters
    ----------
    texts : numpy.ndarray of str
        Regions of the bins, (nbin,), each with all its parts.
    places : SkyCoord
        Positions, (n,).

    Raises
    ------
    InvalidBinsError
        If a region is not in DS9's format, or has no area.
    """
    parts = parse_region_texts(texts)
    bin_of_region = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    regions = RegionList(tuple(region for part in parts for region in part))
    frame = regions.centers.frame.replicate_without_data()
    vectors = unit_vectors(*lonlat_deg(places, frame))[:, None]
    found, where = regions.finder(frame, _PIXEL_SIZE)(vectors)
    first = np.full(places.size, bin_of_region.size)
    np.minimum.at(first, where, bin_of_region[found])
    return np.where(first < bin_of_region.size, first, -1)
