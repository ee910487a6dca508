"""``python -m cep`` is ``cep``."""

from cep.cli import main

if __name__ == "__main__":
    main()
