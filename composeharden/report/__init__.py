"""Outcomes as text for people and programs. Renderers return strings: they read and write nothing themselves."""
