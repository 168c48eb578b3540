"""A simulated market whose truth is known. It writes canonical tables and knows nothing of `apex`; see README.md."""
