"""The format check: is it a document of format 1.0, and if not, what exactly is wrong with it and where.

`scanner.scan` judges one document precisely, `identify.identify` says whose any bytes are, `locate.locate` where
the records of a valid document stand, `schema.json_schema` what the format is.
"""
