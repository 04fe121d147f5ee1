"""The Compose Spec: validation, the pipeline that loads a project, and its effective services. Knows no security."""
