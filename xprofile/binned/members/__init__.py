"""Which pixels belong to which bin.

`finding` chooses the way: `search` for bins on the sphere, by `tiles` near them, and `planar` for
regions in the plane of the map. Both end in a `Membership`.
"""
