"""Shapes of bins: each gives the bin of a direction, its outlines, regions and solid angles.

`shape` has the base classes. `boxes`, `rings` and `path` are measured by true angles on the sphere,
in the local axes of `axes` or along the segments of `ribbon`. `region_list` holds lists of astropy
regions, `spherical` one region on the sphere, and `plane` places simple regions in the plane of a
map. `areas` and `region_areas` compute solid angles.
"""
