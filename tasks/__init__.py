"""Where two rooms meet: open what is needed, call one function of each room, say the count, return something small."""
