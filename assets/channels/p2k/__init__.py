"""The P2K family's tables, read as they are and told as a submission of format 1.1."""
