"""Maps summed over bins on the sky: all that the likelihood needs."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Literal

import astropy.units as u
import numpy as np
import xarray as xr

from ..bins.margins.adding import with_margin
from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..exceptions import DataWarning, InvalidOptionError
from ..maps.grid import as_planes, sky_grid
from ..maps.value_warnings import highest_used
from ..schema.arguments.progress import dask_progress
from ..schema.axes import on_bins
from ..schema.checks import check_maps
from ..schema.history import history_attrs
from ..schema.names import EDISP, MARGIN, OVERLAP, true_dim
from ..schema.number_checks import check_bool
from ..schema.options import suggests_options
from ..schema.variables import ON_OFF
from ..schema.warning_place import user_stacklevel
from .binned_variables import make_variables
from .coordinates import bin_coords, energy_coords
from .distances.describing import mixing_variables, sum_with_parts
from .edisp import edisp_at_centers, mean_edisp, nearest_positions, varies
from .empty_bins import check_on_map
from .members.membership import Membership
from .members.subpixels import Subpixels
from .mixing.preparing import Mixing, mixing_coords
from .searching import search_pixels, warn_of_overlaps
from .sums.blocks import is_chunked
from .sums.map_sums import RESPONSE_POSITION, MapSums
from .sums.pixel_pairs import PixelPairs

__all__ = ["bin_maps"]


@suggests_options
def bin_maps(
    maps: xr.Dataset,
    bins: AnyBins,
    *,
    response: Literal["pixels", "center"] = "pixels",
    overlap: Literal["center", "subpixel"] = "center",
    subpixels: int | None = None,
    psf: bool = False,
    margin: u.Quantity | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Sum maps over bins on the sky.

    A pixel belongs to a bin if its centre does, or with a share; see `overlap`. Pixels where the
    mask is False, or where the acceptance of the off counts is 0, are not used. Bins that overlap
    each count their pixels fully, and a warning says so.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts`` (energy, lat, lon), ``exposure`` (energy_true, lat, lon) and, optionally,
        ``background`` and ``mask`` (energy, lat, lon) and ``edisp``. On-off data have
        ``counts_off``, ``acceptance`` and ``acceptance_off`` (energy, lat, lon) in place of
        ``background``. In HEALPix, ``cell`` stands for lat and lon.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky; of a list, each region is one bin.
    response : {"pixels", "center"}
        Energy dispersion of a bin, if it is known on a grid of positions. "pixels" is the mean over
        the used pixels, each with that of its nearest position, weighted with exposure times solid
        angle. "center" is that of the position nearest to the centre of the bin, as in Gammapy; of
        two positions that are equally near, the one of lower index.
    overlap : {"center", "subpixel"}
        "center" counts a pixel fully in the bin of its centre, for pixels that are small beside the
        bins. "subpixel" counts it in each bin with the share of its n x n sub-positions that are in
        the bin. All sums and means are weighted with the shares. Counts become floats, which are
        not Poisson counts: a share w of N counts scatters with the variance w^2 N, a fit takes
        w N. So errors of a bin come out too large and its TS too small, and bins that share pixels
        are correlated. Both cancel in the sum of bins that share their pixels. Of pixels across the
        rim of an all-sky map, shares are those of their part on the sky; pixels with their centre
        off the sky do not count.
    subpixels : int, optional
        Number n of sub-positions along a side of a pixel for "subpixel". By default up to 1000, so
        that circles and rings of at least a tenth of a pixel are right to 1e-3. If that would take
        many seconds, as for thousands of them, it is fewer, and a warning says how right the sums
        are. A straight edge along the pixels is right to 1 / (2 n) of a pixel. In HEALPix,
        sub-positions are the centres of smaller cells, so n is a power of 2.
    psf : bool
        Compute how the PSF spreads the photons of each bin over all bins, for `unfold`. It is that
        of the nearest position to each pixel, or with ``response="center"`` to the centre of the
        bin. Energies without a PSF have that of the nearest energy below, or else above, and
        ``history`` says so. As in Gammapy, the photons of a pixel start at its centre, and are
        integrated over the pixels that see them. So pixels must be small beside the bins, or
        ``overlap="subpixel"`` used. Signal from outside all bins is not known; `margin` gives it a
        place.
    margin : Quantity, optional
        Distance up to which bins are added round the others, with ``psf=True``, so that signal from
        there is fitted, too. Annuli get more rings outside and inside, boxes get more boxes on all
        sides, and other bins get the neighbourhood of each. The added bins come last, and the
        coordinate ``margin`` is True there. Those that have no place along the profile get
        distances after the last bin. Those beyond the map are left out.
    progress : bool
        Show the progress bar of dask, if the maps have chunks; it moves with these.

    Returns
    -------
    xarray.Dataset
        Binned data with these variables. The bins have the dim ``projected_distance``; sectors have
        ``position_angle`` instead, and grids ``region``.

        - ``counts``, ``background`` (energy, projected_distance): sums over the used pixels.
        - ``counts_off``, ``acceptance`` (energy, projected_distance): sums over the used pixels, of
          on-off data in place of ``background``.
        - ``acceptance_off`` (energy, projected_distance): acceptance of the off counts for which
          acceptance / acceptance_off x counts_off is the sum of the background of the pixels.
        - ``exposure`` (energy_true, projected_distance[, energy]) in cm2 s: mean of exposure x mask
          over the region, weighted with solid angle. Parts of the region that are masked or beyond
          the map lower it. It has the dim ``energy`` only if the mask inside the bins depends on
          energy.
        - ``edisp`` ([projected_distance,] energy_true, energy), if the maps have it: energy
          dispersion of each bin, as `response` says, or the single one of the maps.
        - ``solid_angle`` (projected_distance) in sr: solid angle of all pixels of the region,
          including masked ones and those beyond the map; of more than a million, their area.
        - ``coverage`` (energy, projected_distance): used share of ``solid_angle``.
        - ``n_pixels`` (projected_distance): number of pixels of the map in the region, including
          masked ones and those with a share; 0 off the map.
        - ``psf_mixing`` (energy_true, projected_distance_true, projected_distance[, energy]), with
          `psf`: share of the signal emitted evenly over one bin, weighted with exposure, that is
          seen in the used pixels of another. Masked parts emit, too, and parts beyond the map do
          not. It has the dim ``energy`` only if the mask inside the bins or the PSF depend on it.
        - ``exposure_true`` (energy_true, projected_distance_true) in cm2 s, with `psf`: mean
          exposure of the region, as ``exposure`` but with masked parts. Unknown exposures are 0.
        - ``psf_share`` (energy_true, projected_distance[, energy]), with `psf`: share of the
          photons of a point source at the origin of the bins that is seen in each; see
          `psf_profile`.
        - ``source_mixing`` (energy_true, source_distance, projected_distance[, energy]),
          ``source_exposure`` (energy_true, source_distance) in cm2 s, with `psf`, for bins with a
          distance: share of the photons from each distance that is seen in each bin, and the
          exposure there; for `fit_shape`.
        - ``part_distance`` (projected_distance, part) in deg, ``part_share`` (projected_distance,
          part[, energy]), without `psf`, for bins with a distance of up to 400,000 pixels: mean
          distance of the pixels in parts of each bin, and the share of exposure of the used ones.

        Coordinates are the energies and their edges, centre and edges of the bins, ``lon`` and
        ``lat`` of their centres in deg, and ``region`` as text. The attr ``overlapping_pixels``
        is the number of pixels counted in more than one bin; a pixel in three bins counts twice.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `maps` is not a maps Dataset, or used pixels inside the bins have negative, infinite or
        NaN counts, background, acceptance or exposure; or if there is no PSF for `psf`.
    InvalidBinsError
        If `bins` are neither SkyBins nor sky regions, all are off the map, or they are in the plane
        of a map and the maps are in HEALPix.
    InvalidOptionError
        If `response`, `overlap` or `subpixels` is none of these, "subpixel" is asked for bins in
        the plane of the map, or a margin without `psf` or for planar sectors, paths or regions.
    TooLargeError
        If the shares of all pairs of bins, or the exposures of all pixels, need more than 4 GB.

    Warns
    -----
    DataWarning
        If some bins are off the map, once with their number, all are smaller than the pixels, so
        many sub-positions as they need would take too long, the integral of the PSF is off by more
        than 5 %, or the margin has no pixels.

    See Also
    --------
    xprofile.bin_image : Sum or average a single map.
    xprofile.SkyBins : Bins on the sky.
    xprofile.estimate : Fit the binned data.
    xprofile.unfold : Fit all bins at once, with the photons that the PSF carries between them.
    xprofile.share_kept : Share of the photons that stays in each bin.
    xprofile.rebin : Merge neighbouring bins afterwards.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> bins = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = xprofile.bin_maps(maps, bins)
    >>> dict(binned.counts.sizes)
    {'energy': 11, 'projected_distance': 4}
    >>> binned.projected_distance.values
    array([0.25, 0.75, 1.25, 1.75])
    """
    if response not in ("pixels", "center"):
        raise InvalidOptionError(f"response must be 'pixels' or 'center', found {response!r}")
    check_bool("psf", psf)
    check_maps(maps)
    given, grid, cubes = as_bins(bins), sky_grid(maps), _cubes(maps)
    bins = given if margin is None else with_margin(given, margin, psf=psf)
    divided = Subpixels.from_options(overlap, subpixels, bins, grid)
    by_position = response == "pixels" and varies(maps)
    mixing = None
    parts: dict[str, xr.Variable] = {}
    if psf:
        mixing = Mixing.from_maps(maps, bins, grid, given, at_centers=response == "center")
        cubes |= mixing.planes(cubes)
    search = search_pixels(bins, grid, cubes, divided)
    if by_position:
        wanted = search.pixel if isinstance(search, Membership) else None
        like = cubes["exposure"]
        cubes[RESPONSE_POSITION] = nearest_positions(maps, grid, like, wanted=wanted)
    overlapping = warn_of_overlaps(search.overlap)
    with dask_progress(shown=progress and is_chunked(cubes)):
        if mixing is not None:
            sums, pairs = mixing.sum(cubes, search)
        else:
            (sums, parts), pairs = sum_with_parts(cubes, search, bins, grid), None
    sums, inner = sums.reindex(np.arange(search.nbin)), slice(len(given))
    check_on_map(given, grid, sums.n_pixels[inner], search.outside[inner])
    _check_ranges(maps, sums)
    variables = make_variables(maps, sums, search.outside, shared=divided is not None)
    if EDISP in maps:
        variables[EDISP] = _edisp(maps, bins, sums, pairs, by_position=by_position)
    coords = {**bin_coords(bins, grid), **energy_coords(maps)}
    if mixing is not None and pairs is not None:
        coords |= mixing_coords(coords, bins.dim, None if margin is None else len(given))
        parts, distances = mixing_variables(mixing, given, pairs, variables["solid_angle"])
        coords |= distances
    variables |= parts
    attrs = history_attrs({OVERLAP: overlapping}, maps, _history_step(bins, divided, mixing))
    binned = xr.Dataset(on_bins(variables, bins.dim), coords, attrs)
    return binned if margin is None else _on_map(binned, bins.dim)


def _history_step(bins: SkyBins, divided: Subpixels | None, mixing: Mixing | None) -> str:
    """Describe the binning in the history of the binned data."""
    shared = "" if divided is None else f", {divided.number} x {divided.number} subpixels"
    return f"bin {bins!r}{shared}" + ("" if mixing is None else mixing.note)


def _edisp(
    maps: xr.Dataset, bins: SkyBins, sums: MapSums, pairs: PixelPairs | None, *, by_position: bool
) -> xr.Variable:
    """Energy dispersion of each bin: the mean over its pixels, or that at its centre."""
    if not by_position:
        return edisp_at_centers(maps, bins.center)
    return mean_edisp(maps, sums, None if pairs is None else pairs.by_edisp_position())


def _check_ranges(maps: xr.Dataset, sums: MapSums) -> None:
    """Raise for negative and non-finite values of used pixels."""
    for name, value_range in sums.ranges.items():
        value_range.check(name, partial(highest_used, maps, name))


def _on_map(binned: xr.Dataset, dim: str) -> xr.Dataset:
    """Leave out the bins of a margin that are beyond the map, as nothing is known there."""
    added = binned[MARGIN].to_numpy()
    kept = ~added | (binned["n_pixels"].to_numpy() > 0)
    if not added[kept].any():
        warnings.warn(
            "the margin has no pixels of the map, so it has no effect: it is narrower than the "
            "pixels, or beyond the map; give a wider one, or leave it out",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    return binned.isel({dim: kept, true_dim(dim): kept})


def _cubes(maps: xr.Dataset) -> dict[str, xr.Variable]:
    """Cubes that are summed, (energy or energy_true, lat, lon); cells of HEALPix are one row."""
    background = ON_OFF if "counts_off" in maps else ("background",)
    names = [name for name in ("counts", *background, "exposure", "mask") if name in maps]
    return {name: as_planes(maps.variables[name]) for name in names}
