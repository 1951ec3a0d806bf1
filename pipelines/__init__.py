"""How it is run: definitions, jobs, schedules, sensors, resources, settings and the command line."""
