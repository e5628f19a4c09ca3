"""Astropy sky regions, measured on the sphere.

`leaves` turns the regions of a list, and the parts of compounds, into arrays; `compounds` combines
the parts by their operators. `containing` tells which directions a region contains, `polygons` does
so for polygons, and `pairs` finds the pairs of region and direction in a block of pixels, without a
loop over regions. `rows` examines regions together that one coordinate tells apart. `region_list`
puts them together; `profile_edges` are its edges along the profile, `sampling` and `boundaries`
give positions in regions and round them.
"""
