"""The file format of certificates: exact numbers, reading, writing, and the independent checker."""
