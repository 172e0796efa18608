"""The wires. Only this room knows the HTTP library; it knows nothing of what the records mean."""
