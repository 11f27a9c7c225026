"""`python -m kb`, and the `kb` command."""


def main() -> None:
    """Run the command. Workers of the service load this module too, and need none of the commands."""
    from kb.cli import main as run

    run()


if __name__ == "__main__":
    main()
