"""Counts that a map of the sky and a spectrum predict on the pixels of maps.

`predicting` has the public function. `templates` reads the map of the sky, `fluxes` decides by
units how it and the spectrum make a brightness, `spectra` brings it to the energies of the maps,
and `coverage` warns of places and energies that it does not cover. `emission` has the pixels that
photons come from. `recipes` makes counts of all that for some pixels, and `blocks` for chunked
maps, block by block. `cells` does both for maps in HEALPix, and `nearby` finds the cells of a large
map in HEALPix that are needed.
"""
