"""Explanations of a request: why a rule matches, what each step did, and how two requests differ."""
