"""Images and cubes of maps: the sources they come from, and the energies of images.

`sources` opens files once, and finds named HDUs, DataArrays and plain numbers. `bands` puts images
of single energy bands together. `exposures` converts exposures, times too, to cm2 s.
"""
