"""Metrics of the pipeline (監測指標), read from the truth when somebody asks; one module for each thing looked at."""
