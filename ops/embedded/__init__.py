"""PostgreSQL and Valkey brought by the project itself: own launcher, unprivileged, data kept."""

from ops.embedded.failures import EmbeddedFailure
from ops.embedded.place import Place, find_place
from ops.embedded.postgres import Postgres, PostgresOptions
from ops.embedded.throwaway import Throwaway
from ops.embedded.valkey import Valkey

__all__ = ["EmbeddedFailure", "Place", "Postgres", "PostgresOptions", "Throwaway", "Valkey", "find_place"]
