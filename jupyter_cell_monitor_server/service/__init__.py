"""The Hub service: one process beside the Hub that stores what students run and shows it live."""
