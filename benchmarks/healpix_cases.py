"""Maps in HEALPix beside one pass of numpy over the counts, healpy's way, and a plane.

Counts, background and exposure have 10 energies in all 12.6 million cells of NSIDE 1024. healpy
finds the cells of annuli by a disk for each edge (``query_disc``); its case runs where healpy is
installed. The PSF is that of the tutorial's maps, on cells of 0.23 deg beside pixels of 0.2 deg.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix
from timing import Case

from xprofile import SkyBins, bin_maps, from_arrays, power_law, predict, tutorial

try:
    import healpy
except ImportError:  # not needed by anything else
    healpy = None

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
EDGES = np.geomspace(1, 1000, 11) * u.GeV
EXPOSURE = 1e11 * u.Unit("cm2 s")
MODEL = power_law(2.3, 1e-8 * u.Unit("cm-2 s-1 TeV-1"))


def sky(nside):
    """Maps of all cells in nested order."""
    shape = 10, 12 * nside**2
    counts = np.random.default_rng(1).integers(0, 4, shape).astype(np.float32)
    return from_arrays(
        counts, frame="galactic", energy_edges=EDGES, background=np.ones(shape, np.float32),
        exposure=np.ones(shape, np.float32), exposure_unit="1e11 cm2 s",
    )  # fmt: skip


def grid(height, nbin):
    """Boxes round the whole sky."""
    return SkyBins.grid(CENTER, width=360 * u.deg, height=height * u.deg, nbin=nbin)


def disks_of_healpy(counts, edges, center):
    """Sums over annuli, by a disk of healpy for each edge."""
    nside = healpy.npix2nside(counts.shape[1])
    vector = healpy.ang2vec(*center, lonlat=True)
    sums, inner = [], np.empty(0, int)
    for edge in edges[1:]:
        disk = healpy.query_disc(nside, vector, np.radians(edge), nest=True)
        sums.append(counts[:, np.setdiff1d(disk, inner, assume_unique=True)].sum(axis=1))
        inner = disk
    return sums


def small_skies():
    """The tutorial's maps in cells of NSIDE 256, and in pixels of 0.2 deg."""
    plane = tutorial.open_maps("galactic-center-sim").profile.coarsen(4)
    healpix = HEALPix(256, order="nested", frame="galactic")
    cells = np.unique(healpix.skycoord_to_healpix(plane.profile.skycoord))
    shape = plane.sizes["energy"], cells.size
    edges = np.append(plane["energy_min"], plane["energy_max"][-1]) * u.TeV
    true = np.append(plane["energy_true_min"], plane["energy_true_max"][-1]) * u.TeV
    maps = from_arrays(
        np.ones(shape), cell_ids=cells, nside=256, frame="galactic", energy_edges=edges,
        energy_true_edges=true, exposure=EXPOSURE, psf=plane["psf"].values / u.sr,
        edisp=plane["edisp"].values, rad=plane["rad"].values * u.deg,
    )  # fmt: skip
    return maps, plane


def cases(*, quick):
    """Sums over bins of whole skies, and what the PSF and templates take."""
    yield from whole_skies(quick=quick)
    cells, plane = small_skies()
    rings = SkyBins.annuli(CENTER, edges=np.arange(6) * u.deg)
    yield Case(
        "mixing of 5 annuli, cells",
        lambda: bin_maps(cells, rings, psf=True),
        "the same on a plane",
        lambda: bin_maps(plane, rings, psf=True),
    )
    yield Case(
        "predict in cells",
        lambda: predict(cells, None, spectral_model=MODEL),
        "the same on a plane",
        lambda: predict(plane, None, spectral_model=MODEL),
    )


def whole_skies(*, quick):
    """Sums over bins of all cells."""
    nside = 64 if quick else 1024
    maps = sky(nside)
    counts = maps["counts"].to_numpy()
    skies = {
        "500 boxes, all-sky": (grid(10, (500, 1)), "5"),
        "360 x 180 bins, all-sky": (grid(180, (360, 180)), "10"),
    }  # fmt: skip
    for name, (bins, target) in skies.items():
        yield Case(
            name,
            lambda bins=bins: bin_maps(maps, bins),
            "one pass over the counts",
            counts.sum,
            target,
        )
    edges = np.linspace(0, 60, 101)
    if healpy is not None:
        rings = SkyBins.annuli(CENTER, edges=edges * u.deg)
        alone = maps["counts"]
        yield Case(
            "100 annuli of counts",
            lambda: alone.profile.bin(rings),
            "query_disc of healpy",
            lambda: disks_of_healpy(counts, edges, (0.0, 0.0)),
            "0.1",
        )
