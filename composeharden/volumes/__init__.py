"""Volumes without a name: which ones a service has, what to call them, and how what is in them gets there."""
