"""Who may do what in the portal: `authorisations.py` of people, `sessions.py` of those signed in, `tokens.py`.

What a role may do to which agency is the portal's to decide (`portal/access.py`); here is what was granted and stands.
"""
