"""`python -m bench`, with the addresses of tools/servers.py in the environment."""

import sys

from bench import environment


def main():
    environment.prepare()
    import django  # noqa: PLC0415 - the settings read the environment that was just prepared

    django.setup()
    from bench import run  # noqa: PLC0415 - imports models, which need the settings

    return run.main()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except environment.BenchError as error:
        sys.exit(str(error))
