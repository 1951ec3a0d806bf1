"""The command line: one module a group of commands, and how they speak.  What they do is done elsewhere."""
