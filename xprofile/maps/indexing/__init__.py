"""Selections from maps, binned data and profiles by coordinates and by positions on the sky.

Longitudes are compared modulo 360 deg, since maps count them from -10 to 10 deg and bins from 0 to
360 deg.
"""
