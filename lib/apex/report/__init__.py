"""Campaign file → papermill → HTML site. Knows how a run is made, and nothing of marketing."""
