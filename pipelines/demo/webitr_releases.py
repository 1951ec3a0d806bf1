"""Made-up releases of WebITR, none of them real, and which agency has which."""

#: The newest first, with the day of its release.
RELEASES = (("2.4.1", "2021-03-15"), ("2.4.0", "2021-01-20"), ("2.3.2", "2020-10-05"))


def version_of(agency_code: str) -> str:
    """The version of WebITR that the agency has: most the newest, some are behind."""
    releases = [version for version, _ in RELEASES]
    number = int(agency_code[5:9])
    return releases[2] if number % 11 == 0 else releases[1] if number % 5 == 0 else releases[0]
