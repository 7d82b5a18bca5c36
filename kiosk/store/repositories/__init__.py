"""One file an aggregate: plain functions on an open connection, in and out of the frozen types of records.py."""
