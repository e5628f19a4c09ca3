"""Sums over the pixels of bins.

`blocks` goes through a map, in memory or chunk by chunk of dask, `map_sums` and `image_sums` are
what is summed of each block and added up. `masks` tells used pixels, `value_ranges` refuses values
that no map should have.
"""
