"""Third parties that come with a grant. Their requests are those of everybody: the folder holds what may be granted."""
