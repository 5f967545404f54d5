"""Two members of staff for what takes two."""

from domain.kernel.actor import Actor, Role

FINANCE = Actor(kind="staff", channel="backoffice", staff_id=1, name="甲", roles=frozenset({Role.FINANCE}))
OTHER = Actor(kind="staff", channel="backoffice", staff_id=2, name="乙", roles=frozenset({Role.SUPERVISOR}))
