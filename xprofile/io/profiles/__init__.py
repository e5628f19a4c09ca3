"""Profiles as FITS, ECSV and tables.

`opening` is the way in and tells formats apart; `fits_tables` and `ecsv` write, `table` makes
tables in memory, `layout` says which columns a table has.
"""
