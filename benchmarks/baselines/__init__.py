"""What Parlance is compared with: the least a program can do, in C, in Python and in SQL."""
