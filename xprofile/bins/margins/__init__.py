"""Bins added round others, for the signal that the PSF carries in from outside.

`adding` continues rings and boxes. Bins of other shapes get their `surroundings`: the directions
next to a bin and in no bin. `widths` makes bins wider further out.
"""
