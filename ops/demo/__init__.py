"""The demonstration city: synthetic people, employers and staff to play with."""
