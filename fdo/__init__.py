"""What may happen to a digital object. No I/O, no clock, no chance."""
