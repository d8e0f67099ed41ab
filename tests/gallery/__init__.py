"""Tests of the modal's looks and manners, in every state that it has."""
