"""``python -m cep`` is ``cep``."""

import sys

if __name__ == "__main__":
    try:
        from cep.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    main()
