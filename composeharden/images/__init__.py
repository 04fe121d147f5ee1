"""Image facts: what is known of an image, on which evidence, and how an image name finds it."""
