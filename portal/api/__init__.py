"""The interface for programs (REST, `/api/v1`): a router for each thing that an agency's own system does."""
