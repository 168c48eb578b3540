"""Which message was shown to whom and clicked, by week: what tells how creatives pull."""

WEEK = 7
BACK = 182  # days that are read: older creatives are gone
