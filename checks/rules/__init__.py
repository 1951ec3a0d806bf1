"""The record rules (R), one module a family, each rule standing whole in one place."""
