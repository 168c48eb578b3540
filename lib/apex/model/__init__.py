"""Estimates with intervals, from small frames; nothing here knows the engine or where data live."""
