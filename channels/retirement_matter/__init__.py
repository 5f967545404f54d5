"""退休一件事: what social security pushes once a pension is determined."""
