"""What is done with a profile: conversions, limits from scans, merging, and toys."""
