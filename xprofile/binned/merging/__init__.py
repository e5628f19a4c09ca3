"""Neighbouring bins of binned data merged, along the profile and in energy.

`bin_merging` merges bins as if the merged regions had been binned, and `row_joining` keeps those of
a margin. `energy_merging` merges energy bins so that they predict the same signal.
"""
