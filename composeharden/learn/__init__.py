"""What an image needs, found out on the engine: observed un-hardened, tried hardened, written down as image facts.

`session` does it all. The deciding part (`search`, `compare`, `writable`, `document`) has never heard of an engine.
"""
