"""The data model that every other package shares: datasets, months, document limits."""
