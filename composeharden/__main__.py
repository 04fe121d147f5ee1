"""`python -m composeharden` is the same as the `composeharden` command."""

from composeharden.cli import main

if __name__ == "__main__":
    main()
