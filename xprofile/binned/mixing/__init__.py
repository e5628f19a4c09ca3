"""How the PSF of maps mixes the photons of bins.

`maps_psf` reads the PSF of maps. `preparing` tells `binning` which pixels it needs, beyond those
that are summed, and `variables` makes the variables of binned data of them, by the folder `psf`.
"""
