class CommandFailure(Exception):
    """A command of ./dev cannot do what was asked; the message says what to do next."""
