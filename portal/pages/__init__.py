"""The pages: a router for each thing that people come for."""
