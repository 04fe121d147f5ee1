"""Tests that run compose stacks on a real Docker engine, over images built from Debian packages."""
