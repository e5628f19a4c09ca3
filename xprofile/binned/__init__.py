"""Maps in bins: the sums and means that the likelihood needs.

`binning` is the main path: it finds the pixels of each bin (folder `members`), sums the maps over
them in memory or block by block (folder `sums`), and turns the sums into `binned_variables` with
`coordinates`. `edisp` adds the energy dispersion of each bin, `onoff` the acceptance of off counts.
`merging` joins bins of binned data. `selection` cuts maps out and masks regions before binning.
"""
