"""Names of dimensions, coordinates, attributes and units, each defined in this one place."""

from __future__ import annotations

from typing import Final

ENERGY: Final = "energy"
ENERGY_TRUE: Final = "energy_true"
LAT: Final = "lat"
LON: Final = "lon"
DISTANCE: Final = "projected_distance"
NORM_SCAN: Final = "norm_scan"
NORM_SCAN_VALUES: Final = "norm_scan_values"
RAD: Final = "rad"
WCS_NAME: Final = "wcs"
CELL: Final = "cell"
CELL_IDS: Final = "cell_ids"
HEALPIX: Final = "healpix"
REGION: Final = "region"
EDISP: Final = "edisp"
LAT_EDISP: Final = "lat_edisp"
LON_EDISP: Final = "lon_edisp"
POSITION_ANGLE: Final = "position_angle"
DATASET: Final = "dataset"
TOY: Final = "toy"
PSF: Final = "psf"
LAT_PSF: Final = "lat_psf"
LON_PSF: Final = "lon_psf"
PSF_MIXING: Final = "psf_mixing"
PSF_SHARE: Final = "psf_share"
EXPOSURE_TRUE: Final = "exposure_true"
MARGIN: Final = "margin"
COVARIANCE: Final = "covariance"
CORRELATION: Final = "correlation"
PARAMETER: Final = "parameter"
PART: Final = "part"
PART_DISTANCE: Final = "part_distance"
PART_SHARE: Final = "part_share"
SOURCE_DISTANCE: Final = "source_distance"
SOURCE_MIXING: Final = "source_mixing"
SOURCE_EXPOSURE: Final = "source_exposure"
GEOMETRY: Final = "geometry"
AXIS_SIZE: Final = "axis_size"
TEMPLATE: Final = "template"
BAND: Final = "band"

ENERGY_UNIT: Final = "TeV"
EXPOSURE_UNIT: Final = "cm2 s"
SOLID_ANGLE_UNIT: Final = "sr"
PER_SOLID_ANGLE: Final = "per_solid_angle"  # attribute of a relative surface brightness
DISTANCE_UNIT: Final = "deg"

SED_TYPE: Final = "sed_type"
THRESHOLD: Final = "sqrt_ts_threshold_ul"
SPECTRAL_MODEL: Final = "spectral_model"
OVERLAP: Final = "overlapping_pixels"

BIN_DIMS: Final = (DISTANCE, POSITION_ANGLE, REGION)  # one of them is that of the bins


def low(dim: str) -> str:
    """Name of the coordinate that holds a dimension's lower bin edges."""
    return f"{dim}_min"


def high(dim: str) -> str:
    """Name of the coordinate that holds a dimension's upper bin edges."""
    return f"{dim}_max"


def true_dim(dim: str) -> str:
    """Name of the dimension of the bins that photons come from, beside that of their counts."""
    return f"{dim}_true"


def second_dim(dim: str) -> str:
    """Name of the second dimension of matrices of the bins, such as a covariance."""
    return f"{dim}_2"


# all others are further dims, such as time or toy, which results are broadcast over
KNOWN_DIMS: Final = frozenset(
    {
        ENERGY, ENERGY_TRUE, LAT, LON, CELL, RAD, LAT_EDISP, LON_EDISP, LAT_PSF, LON_PSF, DATASET,
        NORM_SCAN, PARAMETER, second_dim(PARAMETER), PART, SOURCE_DISTANCE, GEOMETRY, AXIS_SIZE,
        TEMPLATE, second_dim(TEMPLATE), BAND, *BIN_DIMS, *map(true_dim, BIN_DIMS),
        *map(second_dim, BIN_DIMS),
    }
)  # fmt: skip
