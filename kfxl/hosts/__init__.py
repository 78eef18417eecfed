"""What registers kfxl with a spreadsheet program."""
