"""单位网厅: the employer's pages under /employer/, server-rendered, working without script but for choosing the
employer; and the list page that e窗通 embeds."""

from channels.employer_portal.embedded import ENTER as EMBEDDED_ENTER
from channels.employer_portal.embedded import routes as embedded_routes
from channels.employer_portal.pages import PREFIX, routes

__all__ = ["EMBEDDED_ENTER", "PREFIX", "embedded_routes", "routes"]
