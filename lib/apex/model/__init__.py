"""Models: questions answered by estimating. Small frames in, estimates with intervals out; no engine, no paths, no words."""
