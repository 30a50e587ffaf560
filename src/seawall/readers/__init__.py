"""Bytes in, values out: readers never judge and never touch the network."""
