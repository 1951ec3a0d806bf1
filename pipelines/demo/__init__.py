"""A small made-up country to try the platform with: agencies, people, their months, and the systems that hold them."""
