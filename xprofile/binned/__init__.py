"""Maps in bins: the sums and means that the likelihood needs.

`binning` is the main path: it finds the pixels of each bin (folder `members`), sums the maps over
them in memory or block by block (folder `sums`), and turns the sums into `binned_variables` with
`coordinates`. `edisp` adds the energy dispersion of each bin, `onoff` the acceptance of off counts,
and `mixing` the spread of photons by the PSF, which the folder `psf` computes. `image_binning` bins
one image. ``merging/`` joins bins of binned data. `selection` cuts maps out and
masks regions before binning.
"""
