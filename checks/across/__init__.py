"""The rules that look across submissions (W202, W206, W207, W209, W212–W214): pure, frames in and findings out.

They are evaluated after storage, on what the agency-months count; who is looked at, and when again, is decided by
`warehouse.reviews`.
"""
