"""上行短信: replies of citizens, as the carriers hand them over."""
