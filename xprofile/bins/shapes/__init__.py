"""Shapes of bins: each gives the bin of a direction, its outlines, regions and solid angles.

`shape` has the base classes. `boxes`, `rings` and `path` are measured by true angles on the sphere,
in the local axes of `axes` or along the segments of `ribbon`, with
the lines of `path_edges` between bins. `spherical` holds one spherical
region of astropy, and `plane` places simple regions in the plane of a map. `areas` and
`region_areas` compute solid angles.
"""
