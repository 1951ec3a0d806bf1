"""The format as it is published: page, leave codes, each version's JSON Schema and example; all from the model.

`documents.published` gives every file by its name, `python -m checks.published docs` writes them.  Prose stands in
`page.zh-TW.md` and `page.en.md`, everything that the model states is put in by `page`.
"""
