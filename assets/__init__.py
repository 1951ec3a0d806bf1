"""What is made: the Dagster assets, one module a stage, and the channels."""
