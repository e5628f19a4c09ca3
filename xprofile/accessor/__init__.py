"""The ``.profile`` accessor of Datasets and DataArrays, one class for each stage.

`maps`, `binned` and `profile` hold the methods of these Datasets, `image` those of one map and
`quantity` those of a variable along bins; `base` chooses among them, and `shared_methods` has what
several of them have. Each method is one call of a function, whose docstring it shows. The functions
are imported when they are called, so that an import of xprofile costs little.
"""

import xarray as xr

from . import forked_processes as forked_processes  # which acts when it is imported
from .base import DataArrayProfile, DatasetProfile

__all__ = ["DataArrayProfile", "DatasetProfile"]

xr.register_dataset_accessor("profile")(DatasetProfile)  # type: ignore[no-untyped-call]
xr.register_dataarray_accessor("profile")(DataArrayProfile)  # type: ignore[no-untyped-call]
