"""Tests of the replica: the traps hold, every scenario ends as named, the record is true."""
