class EmbeddedFailure(RuntimeError):
    """An embedded server cannot be set up, started or stopped; the message says what to do next."""
