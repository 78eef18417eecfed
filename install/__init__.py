"""Setting kfxl up with one command; standard library only."""
