"""Sums of maps over the pixels of bins.

`blocks` goes through the maps, in memory as a whole, or chunk by chunk with dask, and adds up the
sums of each block: `map_sums` for maps, `image_sums` for one image. `pixel_values` reads the values
at the pixels, `masks` tells which of the pixels are used, and `value_ranges` refuses negative and
non-finite values. `sparse` sorts and sums by sparse matrices.
"""
