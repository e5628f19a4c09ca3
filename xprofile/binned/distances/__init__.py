"""How the pixels of bins are distributed over the distance along the profile.

`parts` describes the used pixels of each bin, which is enough without a PSF. `sources` computes how
the PSF spreads light from each distance over the bins. `positions` finds distances within pixels.
"""
