"""The PSF on a HEALPix grid: cells that receive photons, from each cell within the reach.

`plane` has the plane on which cells are square pixels, for transforms. `cells` has the cells and
their outlines, for the sums over pairs of pixels of the folder above.
"""
