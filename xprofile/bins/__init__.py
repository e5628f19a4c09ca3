"""Bins on the sky: `SkyBins`, how they are made, written and drawn.

`constructors` makes them, and each kind of bins is a module of `shapes`; `regions` measures lists
of astropy regions. `ds9_lines` and `ds9_regions` write and read the text of their regions;
`drawing`, `outlines` and `number_labels` draw them. Pixels are found in `xprofile.binned`.
"""
