"""Ends of intervals: `ends` by Newton's method, `outwards` where it does not reach them."""
