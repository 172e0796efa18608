"""What runs, in what order. One flow a file, named by its verb; deployed by module path (flows.daily_close.daily_close)."""
