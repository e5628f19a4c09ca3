"""Files that real tools wrote, cut down to a few pixels and rows, as bytes to be spoiled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import astropy.units as u
from astropy.io import fits

from xprofile import open_events, open_map, open_maps

PIXELS = 4  # rows and columns that are kept of each image
ROWS = 5  # of tables that have one row for each event or time
LONG_TABLES = ("EVENTS", "GTI")
IMAGES = {"energy_edges": [0.5, 2] * u.keV}


@dataclass(frozen=True)
class RealSet:
    """Files in the folder ``real`` that are opened together."""

    opens: Callable
    files: dict[str, str]
    first: bool = False  # whether the file is the first argument, and not one by name


CTOOLS = {
    "counts": "ctools_crab_cntmap.fits",
    "exposure": "ctools_crab_expcube.fits.gz",
    "background": "ctools_crab_bkgcube.fits.gz",
    "psf": "ctools_crab_psfcube.fits.gz",
    "edisp": "ctools_crab_edispcube.fits.gz",
}
FERMI = {
    "counts": "fermitools_ccube_01.fits",
    "exposure": "fermitools_bexpmap_01.fits",
    "psf": "fermitools_psf_01.fits",
    "edisp": "fermitools_drm_01.fits",
}
XRAY = {name: f"xray_{name}.fits.gz" for name in ("counts", "background", "exposure")}
TEV = {name: f"tev_image_{name}.fits.gz" for name in ("counts", "background", "exposure")}
SETS = [
    *[RealSet(open_maps, {"path": f"{name}.fits.gz"}, first=True)
      for name in ("hawc_nHit-6", "hess_crab", "hess_crab_onoff", "sim_gauss")],
    *[RealSet(open_map, {"path": name}, first=True)
      for name in ("template_HB9.fits.gz", "gll_iem_v06_cutout.fits", "fermitools_wcube_01.fits",
                   "hpx_partial.fits")],
    *[RealSet(open_maps, CTOOLS)] * 2,
    RealSet(open_maps, FERMI),
    RealSet(partial(open_maps, **IMAGES, effective_area=100 * u.cm**2), XRAY),
    RealSet(partial(open_maps, **IMAGES, exposure_unit="cm2 s"), TEV),
    *[RealSet(open_events, {"path_or_paths": events, "like": counts})
      for events, counts in (("ctools_crab_events.fits", CTOOLS["counts"]),
                             ("fermitools_ft1_01.fits", FERMI["counts"]),
                             ("hawc_events_6NN.fits.gz", "hawc_nHit-6.fits.gz"))],
]  # fmt: skip


def cut_down(path):
    """All bytes of a file with few pixels and rows, not compressed."""
    with fits.open(path, disable_image_compression=True) as hdus:
        for hdu in hdus:
            if hdu.is_image and hdu.header["NAXIS"] >= 2:
                _thin_out(hdu)
            elif hdu.name in LONG_TABLES:
                hdu.data = hdu.data[:ROWS]
        stream = BytesIO()
        hdus.writeto(stream, output_verify="ignore")
    return stream.getvalue()


def _thin_out(hdu):
    """Keep pixels at equal distances, so that maps of one place still cover each other."""
    keys = []
    for axis, size in enumerate(hdu.shape[:-3:-1], 1):
        step = max(1, size // PIXELS)
        keys.append(slice(0, step * PIXELS, step))
        if hdu.header.get(f"CRPIX{axis}", ""):  # hawc_events has empty ones
            hdu.header[f"CRPIX{axis}"] = (hdu.header[f"CRPIX{axis}"] - 1) / step + 1
            hdu.header[f"CDELT{axis}"] *= step
    hdu.data = hdu.data[(..., *keys[::-1])]


def read_sets(folder, largest):
    """Contents of the files of each set whose files have at most so many bytes."""
    size = {name: (folder / name).stat().st_size for one in SETS for name in one.files.values()}
    chosen = [one for one in SETS if all(size[name] <= largest for name in one.files.values())]
    names = {name for one in chosen for name in one.files.values()}
    contents = {name: cut_down(folder / name) for name in sorted(names)}
    return [(one, {key: contents[name] for key, name in one.files.items()}) for one in chosen]


def open_set(one, contents):
    """Open the files of a set."""
    files = {key: BytesIO(content) for key, content in contents.items()}
    first = [files.pop("path")] if one.first else []
    return one.opens(*first, **files)
