"""Spectra in text files.

`opening` has the public function.
"""
