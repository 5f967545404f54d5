"""The commands behind `./dev`, one module each: `main(arguments)` returns the exit code."""
