"""Event lists, counted in pixels and energies.

`opening` opens event lists, whose files `sources` finds. `tables` finds the events in a file, with
their columns and units, `rows` holds some of them, and `conventions` knows what headers say of the
sky frame, and units that tools leave out. `grids` holds the pixels and energies to fill: those of
other maps, or of `new_grids`. `cuts` selects events by other columns. `filling` counts the events.
"""
