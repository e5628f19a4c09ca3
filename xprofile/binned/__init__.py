"""Maps in bins: the sums and means that the likelihood needs, and binned data merged.

`binning` is the way through: `members` finds the pixels of each bin, `sums` sums the maps over
them, in memory or block by block. `selection` cuts maps and masks regions.
"""
