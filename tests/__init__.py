"""The suite: real files, real servers, real children, real browsers."""
