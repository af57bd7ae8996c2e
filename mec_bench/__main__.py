"""``python -m mec_bench``: the command ``mec-env`` where no script is installed."""

from mec_bench.cli import main

if __name__ == "__main__":
    main()
