"""The reports as the portal gives them: what is asked for, from where it is read, charts, files."""
