"""The package astropy-healpix, which xprofile needs for HEALPix maps alone."""

from __future__ import annotations

from typing import Any

from ...exceptions import MissingPackageError

__all__ = ["healpix_library"]


def healpix_library() -> Any:
    """Return the module astropy_healpix.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        import astropy_healpix
    except ImportError:
        raise MissingPackageError.of_extra(
            "maps in HEALPix need", "astropy-healpix", "healpix"
        ) from None
    return astropy_healpix
